import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CacheClient,
  createClient,
  NearCache,
  RateLimiter,
  TagSpace,
} from '../../../../src/client.ts';
import { SERVERS } from '../../../support/both-servers.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { freePort } from '../../../support/ports.ts';
import { withClients } from './clients.ts';

describe.each(SERVERS.filter(({ skip }) => !skip))('on $name', ({ start }) => {
  let one: CacheClient;
  let two: CacheClient;
  let classic: CacheClient;
  let down: CacheClient;
  let key = '';
  withClients(start, (context) => {
    ({ one, two, classic, key } = context);
  });
  beforeAll(async () => {
    down = createClient({ nodes: [`127.0.0.1:${await freePort()}`], deadlineMs: 20_000 });
  });
  afterAll(() => down?.close());

  describe('rate limits', () => {
    test.each(['fixed', 'sliding'] as const)(
      'a %s window allows the limit across all processes, and no more',
      async (kind) => {
        const clock = new ManualClock(1_700_000_000_000 - (1_700_000_000_000 % 60_000));
        const rule = { name: 'calls', limit: 20, windowSeconds: 60, kind };
        const limiters = [one, two, classic].map((cache) => new RateLimiter(cache, rule, clock));
        const calls = Array.from({ length: 60 }, (_, i) => limiters[i % 3]!.consume(key));
        const results = await Promise.all(calls);
        const allowed = results.filter((result) => result.allowed);
        expect(allowed.length).toBeLessThanOrEqual(20);
        expect(allowed.length).toBeGreaterThan(0);
        // The limiter does not count denied calls, so the window still allows exactly the limit.
        let count = allowed.length;
        for (; count < 20; count++) {
          const result = await limiters[0]!.consume(key);
          expect(result).toMatchObject({ allowed: true, remaining: 19 - count });
        }
        const denied = await limiters[1]!.consume(key);
        expect(denied).toMatchObject({ allowed: false, remaining: 0 });
        expect(denied.resetSeconds).toBeGreaterThan(59);
        await limiters[2]!.reset(key);
        expect(await limiters[0]!.consume(key, 20)).toMatchObject({ allowed: true, remaining: 0 });
      },
    );

    test('a fixed window starts at zero, a sliding one counts the previous window', async () => {
      const clock = new ManualClock(1_700_000_000_000 - (1_700_000_000_000 % 60_000));
      const rule = { name: 'fix', limit: 4, windowSeconds: 60 };
      const fixed = new RateLimiter(one, { ...rule, kind: 'fixed' }, clock);
      const sliding = new RateLimiter(one, { ...rule, name: 'slide' }, clock);
      for (const limiter of [fixed, sliding]) await limiter.consume(key, 4);
      clock.advanceSeconds(75);
      expect(await fixed.consume(key, 4)).toMatchObject({ allowed: true, remaining: 0 });
      const later = await sliding.consume(key, 2);
      expect(later).toMatchObject({ allowed: false, remaining: 1 });
      expect(later.resetSeconds).toBe(15);
      clock.advanceSeconds(15);
      expect(await sliding.consume(key, 2)).toMatchObject({ allowed: true, remaining: 0 });
    });

    test('onCacheError says if calls are allowed or denied while the cache is down', async () => {
      const rule = { name: 'down', limit: 4, windowSeconds: 60 };
      const allowed = await new RateLimiter(down, rule).consume(key);
      expect(allowed).toMatchObject({
        allowed: true,
        remaining: 4,
        failure: { code: 'ERR_NODE_DOWN' },
      });
      const denied = await new RateLimiter(down, { ...rule, onCacheError: 'deny' }).consume(key);
      expect(denied).toMatchObject({ allowed: false, remaining: 0 });
      const invalid = { code: 'ERR_ARGUMENT' };
      await expect(new RateLimiter(one, rule).consume(key, 5)).rejects.toMatchObject(invalid);
      expect(() => new RateLimiter(one, { ...rule, limit: 0 })).toThrow(
        expect.objectContaining(invalid),
      );
    });
  });

  describe('names of rate limits', () => {
    const rule = { limit: 2, windowSeconds: 1_000_000 };

    test('limiters with different names do not share counters', async () => {
      const [login, search] = ['login', 'search'].map((name) => {
        return new RateLimiter(one, { ...rule, name });
      }) as [RateLimiter, RateLimiter];
      await login.consume(key, 2);
      expect(await login.consume(key)).toMatchObject({ allowed: false });
      expect(await search.consume(key)).toMatchObject({ allowed: true, remaining: 1 });
    });

    test.each([
      ['a blank', 'Jo Doe'],
      ['a line end', 'jo\r\nflush_all'],
      ['letters beyond ASCII', 'jürgen'],
      ['a lone surrogate', '\ud800'],
      ['nothing', ''],
      ['a name longer than a key', 'x'.repeat(5000)],
      ['a name that looks like a hash', '#sha256:abc'],
    ])('consume counts names with %s, each on its own', async (_, user) => {
      const limiter = new RateLimiter(one, { ...rule, name: key });
      expect(await limiter.consume(user)).toMatchObject({ allowed: true, remaining: 1 });
      expect(await limiter.consume(`${user}2`, 2)).toMatchObject({ allowed: true, remaining: 0 });
      expect(await limiter.consume(user)).toMatchObject({ allowed: true, remaining: 0 });
      expect(await limiter.consume(user)).toMatchObject({ allowed: false });
      await limiter.reset(user);
      expect(await limiter.consume(user)).toMatchObject({ allowed: true, remaining: 1 });
    });

    test.each([undefined, null, 5, {}])('consume refuses the key %s', async (user) => {
      const limiter = new RateLimiter(one, { ...rule, name: key });
      const failure = { code: 'ERR_ARGUMENT', message: expect.stringContaining('key') };
      await expect(limiter.consume(user as never)).rejects.toMatchObject(failure);
      await expect(limiter.reset(user as never)).rejects.toMatchObject(failure);
    });

    test.each([undefined, '', 'a b', 'a:b', 'x'.repeat(41)])(
      'no limiter has the name %s',
      (name) => {
        const failure = { code: 'ERR_ARGUMENT', message: expect.stringContaining('name') };
        const create = () => new RateLimiter(one, { ...rule, name: name as never });
        expect(create).toThrow(expect.objectContaining(failure));
      },
    );

    test('a denied call stays denied when the limiter cannot take it back', async () => {
      const cache = {
        increment: one.increment.bind(one),
        get: one.get.bind(one),
        add: one.add.bind(one),
        delete: one.delete.bind(one),
        decrement: down.decrement.bind(down),
      };
      const limiter = new RateLimiter(cache, { ...rule, name: key });
      await limiter.consume('user', 2);
      const denied = await limiter.consume('user');
      expect(denied).toMatchObject({ allowed: false });
      expect(denied.failure).toBe(undefined);
    });
  });

  describe('tags', () => {
    test('one tag invalidates all values that have it, and no others', async () => {
      const [mine, yours] = [new TagSpace(one), new TagSpace(two)];
      const tagsOf = { a: [`${key}-x`], b: [`${key}-x`, `${key}-y`], c: [`${key}-y`] };
      const readAll = () => {
        return Promise.all(
          Object.entries(tagsOf).map(([name, tags]) => yours.tagged(tags).get(name)),
        );
      };
      for (const [name, tags] of Object.entries(tagsOf)) {
        await mine.tagged(tags.toReversed()).set(name, `value ${name}`, { ttl: 100 });
      }
      expect(await readAll()).toEqual(['value a', 'value b', 'value c']);
      await yours.invalidateTag(`${key}-x`);
      expect(await readAll()).toEqual([undefined, undefined, 'value c']);
      await mine.tagged(tagsOf.c).delete('c');
      expect(await readAll()).toEqual([undefined, undefined, undefined]);
    });

    test('the eviction of a tag does not make old values findable', async () => {
      const tags = new TagSpace(one);
      const tagged = tags.tagged([key]);
      await tagged.set('name', 'old');
      await two.delete(`tag:${key}`);
      expect(await tagged.get('name')).toBe(undefined);
      await tags.invalidateTag(`${key}-never-used`);
    });

    test('concurrent first users of a tag agree on its generation', async () => {
      const spaces = [one, two].map((cache) => new TagSpace(cache).tagged([key]));
      const found = await Promise.all(
        spaces.flatMap((each) => [1, 2, 3].map(() => each.keyOf('k'))),
      );
      expect(new Set(found).size).toBe(1);
    });

    test('no reader finds a value whose tag was invalidated during its load', async () => {
      const tags = new TagSpace(one);
      const tagged = tags.tagged([key]);
      const load = async (): Promise<string> => {
        await tags.invalidateTag(key);
        return 'old';
      };
      expect(await tagged.getOrSet('k', load)).toBe('old');
      expect(await tagged.getOrSet('k', () => 'new')).toBe('new');
      expect(await tagged.getOrSet('k', () => 'never')).toBe('new');
    });

    test('getOrSet loads while the cache is down, or fails as onCacheError says', async () => {
      const tagged = new TagSpace(down).tagged(['t']);
      let loads = 0;
      const released = Promise.withResolvers<void>();
      const load = async ({ key }: { readonly key: string }) => {
        const value = `load ${++loads} of ${key}`;
        await released.promise;
        return value;
      };
      const all = Array.from({ length: 50 }, () => tagged.getOrSet('k', load));
      // The lookups of all callers have failed before a later one does: they share a load.
      await down.get('k').catch(() => {});
      released.resolve();
      expect(new Set(await Promise.all(all))).toEqual(new Set(['load 1 of k']));
      const nodeDown = { code: 'ERR_NODE_DOWN' };
      const failing = tagged.getOrSet('k', () => 'never', { onCacheError: 'fail' });
      await expect(failing).rejects.toMatchObject(nodeDown);
      await expect(tagged.get('k')).rejects.toMatchObject(nodeDown);
      expect(() => new TagSpace(one).tagged([])).toThrow('0 tags');
    });
  });

  test('the readers of a near cache see a write through it at once', async () => {
    const near = new NearCache(one, { maxAgeMs: 3_600_000 });
    let loads = 0;
    const load = (): number => ++loads;
    for (let i = 0; i < 10; i++) expect(await near.getOrSet(key, load)).toBe(1);
    expect(near.counts).toMatchObject({ hits: 9, misses: 1, hitRatio: 0.9 });
    await two.set(key, 5);
    expect(await near.get(key)).toBe(1);
    await near.set(key, 6);
    expect([await near.get(key), await two.get(key)]).toEqual([6, 6]);
  });
});
