import { createRequire } from 'node:module';
import { KeyvAdapter } from '@apollo/utils.keyvadapter';
import keyvTestSuite from '@keyv/test-suite';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { NestFactory } from '@nestjs/core';
import { createCache } from 'cache-manager';
import { Cacheable } from 'cacheable';
import Keyv from 'keyv';
import { Keyv as Keyv6 } from 'keyv-6';
import * as vitest from 'vitest';
import { describe, expect, test } from 'vitest';
import { KeyvSlabring } from '../../../src/adapters/keyv.ts';
import { createClient } from '../../../src/client.ts';
import { waitUntil } from '../../support/wait.ts';
import { withCache } from '../../support/with-cache.ts';

const context = withCache();
const store = (): KeyvSlabring => new KeyvSlabring(context.cache);

describe("keyv's own test suite", () => {
  keyvTestSuite(vitest, Keyv, store);
});

describe('the store for keyv', () => {
  test('keyv 6 stores, reads many, expires and clears its namespace', async () => {
    const keyv = new Keyv6({ store: store(), namespace: 'six' });
    await keyv.set('a', { n: 1 }, 60_000);
    await keyv.setMany([
      { key: 'b', value: 2 },
      { key: 'c', value: 3 },
    ]);
    expect(await keyv.getMany(['a', 'b', 'c', 'd'])).toEqual([{ n: 1 }, 2, 3, undefined]);
    expect(await keyv.has('a')).toBe(true);
    expect(await keyv.delete('a')).toBe(true);
    await keyv.clear();
    expect(await keyv.get('b')).toBeUndefined();
  });

  test('the node drops an item after its time to live, in whole seconds', async () => {
    const keyv = store();
    await keyv.set('long', 'x', 90_500);
    await keyv.set('short', 'x', 1);
    await waitUntil('the node drops it', async () => (await keyv.get('short')) === undefined);
    expect(await keyv.get('long')).toBe('x');
  });

  test('keys that the protocol cannot carry work, and no two of them are one', async () => {
    const keyv = new Keyv({ store: store() });
    const long = 'k'.repeat(300);
    const keys = ['', ' ', 'a b', 'ä\n', long, `${long}x`, '#sha256:x', '\ud800', '\ud801', '\0'];
    for (const [at, key] of keys.entries()) expect(await keyv.set(key, at)).toBe(true);
    for (const [at, key] of keys.entries()) expect(await keyv.get(key)).toBe(at);
  });

  test('another process sees a clear within the delay, at once with a delay of 0', async () => {
    const options = { prefix: 'both:', clearDelayMs: 20 };
    const [one, two] = [context.cache, context.other].map((each) => {
      return new Keyv({ store: new KeyvSlabring(each, options), namespace: 'n' });
    }) as [Keyv, Keyv];
    await one.set('a', 1);
    expect(await two.get('a')).toBe(1);
    await one.clear();
    expect(await one.get('a')).toBeUndefined();
    await waitUntil('the other sees the clear', async () => (await two.get('a')) === undefined);
    const strict = { prefix: 'both:', clearDelayMs: 0 };
    const three = new Keyv({ store: new KeyvSlabring(context.other, strict), namespace: 'n' });
    await one.set('a', 2);
    expect(await three.get('a')).toBe(2);
    await one.clear();
    expect(await three.get('a')).toBeUndefined();
  });

  test('a clear stays a clear when the node evicts the counter', async () => {
    const strict = new KeyvSlabring(context.cache, { clearDelayMs: 0 });
    const keyv = new Keyv({ store: strict, namespace: 'evicted' });
    await keyv.set('a', 'before');
    await keyv.clear();
    expect(await context.cache.delete('keyv:cleared:evicted')).toBe(true);
    expect(await keyv.get('a')).toBeUndefined();
  });

  test('a failure of the cache is an error of keyv', async () => {
    const closed = createClient({ nodes: [`127.0.0.1:${context.node.port}`] });
    await closed.close();
    const keyv = new Keyv({ store: new KeyvSlabring(closed) });
    const errors: unknown[] = [];
    keyv.on('error', (error) => errors.push(error));
    expect(await keyv.set('a', 1)).toBe(false);
    expect(errors).toMatchObject([{ code: 'ERR_CLOSED' }]);
    keyv.throwOnErrors = true;
    await expect(keyv.get('a')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('an unknown option is refused', () => {
    expect(() => new KeyvSlabring(context.cache, { prefx: 'x' } as object)).toThrow(/prefx/);
    expect(() => new KeyvSlabring(context.cache, { clearDelayMs: Number.NaN })).toThrow(/NaN|null/);
  });
});

describe('what uses keyv', () => {
  test('cache-manager wraps a function, and its values expire', async () => {
    const manager = createCache({ stores: [new Keyv({ store: store(), namespace: 'manager' })] });
    let calls = 0;
    const load = async () => ({ calls: ++calls });
    expect(await manager.wrap('key', load, 60_000)).toEqual({ calls: 1 });
    expect(await manager.wrap('key', load, 60_000)).toEqual({ calls: 1 });
    await manager.mset([{ key: 'x', value: 1 }]);
    expect(await manager.mget(['x', 'key'])).toEqual([1, { calls: 1 }]);
    await manager.clear();
    expect(await manager.get('key')).toBeUndefined();
  });

  test('the cache module of NestJS stores in the cluster', async () => {
    const module = CacheModule.register({
      stores: [new Keyv({ store: store(), namespace: 'nest' })],
    });
    const application = await NestFactory.createApplicationContext(module, { logger: false });
    const manager = application.get(CACHE_MANAGER);
    await manager.set('key', 'value', 60_000);
    expect(await new Keyv({ store: store(), namespace: 'nest' }).get('key')).toBe('value');
    await application.close();
  });

  test("Apollo's cache of values stores and deletes", async () => {
    // Apollo's package is CommonJS, and so are its types of keyv.
    const { default: KeyvOfApollo } = createRequire(import.meta.url)('keyv');
    const apollo = new KeyvAdapter(new KeyvOfApollo({ store: store(), namespace: 'apollo' }));
    await apollo.set('apq:1', 'query { a }', { ttl: 60 });
    expect(await apollo.get('apq:1')).toBe('query { a }');
    await apollo.delete('apq:1');
    expect(await apollo.get('apq:1')).toBeUndefined();
  });

  test('cacheable uses it as its second layer', async () => {
    const secondary = new Keyv({ store: store(), namespace: 'cacheable' });
    const one = new Cacheable({ secondary });
    await one.set('key', 'value', '1h');
    expect(await new Cacheable({ secondary }).get('key')).toBe('value');
  });
});
