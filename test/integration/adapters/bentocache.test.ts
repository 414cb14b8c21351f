import { BentoCache, bentostore } from 'bentocache';
import { afterAll, afterEach, assert, beforeAll, describe, expect, test } from 'vitest';
import { slabringDriver } from '../../../src/adapters/bentocache.ts';
import { createClient } from '../../../src/client.ts';
import { waitUntil } from '../../support/wait.ts';
import { withCache } from '../../support/with-cache.ts';

const context = withCache();
const driver = (prefix?: string) => slabringDriver(context.cache).factory({ prefix });

/** The parts of the test runner Japa that the suite of BentoCache uses. */
interface Suite {
  registerCacheDriverTestSuite(options: {
    test(title: string, body: (context: object) => Promise<void>): void;
    readonly group: {
      setup(open: () => Promise<Close>): void;
      tap(): void;
      readonly each: { teardown(after: Close): void };
    };
    createDriver(options?: { readonly prefix?: string }): object;
  }): void;
}
type Close = () => Promise<void>;

// Its types are those of Japa, which is not installed.
const SUITE = 'bentocache/test_suite';
const { registerCacheDriverTestSuite }: Suite = await import(SUITE);

describe("BentoCache's own test suite for drivers", () => {
  registerCacheDriverTestSuite({
    test: (title, body) =>
      test(title, ({ onTestFinished }) => body({ assert, cleanup: onTestFinished })),
    group: {
      setup(open) {
        let close: Close | undefined;
        beforeAll(async () => {
          close = await open();
        });
        afterAll(() => close?.());
      },
      tap: () => {},
      each: { teardown: (after) => afterEach(() => after()) },
    },
    createDriver: (options) => driver(options?.prefix),
  });
});

describe('the driver of BentoCache', () => {
  test('two applications share values, tags and namespaces through the second layer', async () => {
    const [one, two] = [context.cache, context.other].map((cache) => {
      const store = bentostore().useL2Layer(slabringDriver(cache));
      return new BentoCache({ default: 'slabring', stores: { slabring: store } });
    }) as [BentoCache<{ slabring: never }>, BentoCache<{ slabring: never }>];
    const factory = () => ({ name: 'Ada' });
    await one.getOrSet({ key: 'user:7', ttl: '1m', grace: '1h', factory, tags: ['users'] });
    expect(await two.get({ key: 'user:7' })).toEqual({ name: 'Ada' });
    await one.deleteByTag({ tags: ['users'] });
    await waitUntil('the tag is invalid', async () => !(await two.get({ key: 'user:7' })));
    await one.namespace('posts').set({ key: 'a', value: 1 });
    expect(await two.namespace('posts').get({ key: 'a' })).toBe(1);
    await one.namespace('posts').clear();
    await waitUntil('it is clear', async () => !(await two.namespace('posts').get({ key: 'a' })));
    await Promise.all([one.disconnectAll(), two.disconnectAll()]);
    expect(await context.cache.version()).toHaveProperty('size', 1);
  });

  test('the driver rejects a failure of the cache', async () => {
    const closed = createClient({ nodes: [`127.0.0.1:${context.node.port}`] });
    await closed.close();
    const failed = slabringDriver(closed).factory();
    await expect(failed.get('a')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('two callers that pull a key never both get the value', async () => {
    const both = [driver('pull'), slabringDriver(context.other).factory({ prefix: 'pull' })];
    await both[0]!.set('a', 'value');
    const pulled = await Promise.all(both.map((each) => each.pull('a')));
    expect(pulled.toSorted()).toEqual(['value', undefined]);
  });
});
