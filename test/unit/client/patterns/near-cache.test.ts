import { beforeEach, describe, expect, test } from 'vitest';
import { HandClock } from '../../../../src/base/index.ts';
import { type FarCache, NearCache } from '../../../../src/client/patterns/near-cache.ts';

/** A cache that answers when it is told to. */
class SlowCache implements FarCache {
  readonly values = new Map<string, unknown>();
  readonly gets: string[] = [];
  hold: Promise<void> | undefined;

  async get<T>(key: string): Promise<T | undefined> {
    this.gets.push(key);
    const value = this.values.get(key) as T | undefined;
    await this.hold;
    return value;
  }

  getOrSet<T>(key: string): Promise<T | undefined> {
    return this.get<T>(key);
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.hold;
    this.values.set(key, value);
  }

  async delete(key: string): Promise<boolean> {
    return this.values.delete(key);
  }
}

describe('a near cache', () => {
  let far: SlowCache;
  let clock: HandClock;
  let near: NearCache;
  beforeEach(() => {
    far = new SlowCache();
    clock = new HandClock();
    near = new NearCache(far, { ttlMs: 2000, maxEntries: 10, maxBytes: 1000 }, clock);
  });

  test('asks the cache once, until its time is over', async () => {
    far.values.set('k', 'v');
    for (let i = 0; i < 4; i++) expect(await near.get('k')).toBe('v');
    expect(await near.getOrSet('k', () => 'never')).toBe('v');
    expect(far.gets).toEqual(['k']);
    clock.advanceSeconds(2);
    expect(await near.get('k')).toBe('v');
    expect(far.gets).toHaveLength(2);
    expect(near.counts).toMatchObject({
      hits: 4,
      misses: 2,
      hitRatio: 4 / 6,
      entries: 1,
      bytes: 2,
    });
  });

  test('does not keep that there is no value', async () => {
    for (let i = 0; i < 2; i++) expect(await near.get('k')).toBe(undefined);
    expect(far.gets).toHaveLength(2);
  });

  test('sees what this process writes', async () => {
    far.values.set('k', 'old');
    await near.get('k');
    await near.set('k', 'new');
    expect(await near.get('k')).toBe('new');
    expect(await near.delete('k')).toBe(true);
    expect(await near.get('k')).toBe(undefined);
  });

  test('does not keep what was read before a write and came after it', async () => {
    far.values.set('k', 'old');
    const held = Promise.withResolvers<void>();
    far.hold = held.promise;
    const read = near.get('k');
    const written = near.set('k', 'new');
    const during = near.get('k');
    held.resolve();
    expect([await read, await during]).toEqual(['old', 'old']);
    await written;
    expect(await near.get('k')).toBe('new');
  });

  test('forgets when told', async () => {
    for (const key of ['a', 'b']) far.values.set(key, key);
    const ask = () => Promise.all([near.get('a'), near.get('b')]);
    await ask();
    near.forget('a');
    await ask();
    near.forgetAll();
    await ask();
    expect(far.gets).toEqual(['a', 'b', 'a', 'a', 'b']);
  });

  test('holds no more than its bounds', async () => {
    for (let i = 0; i < 100; i++) {
      far.values.set(`k${i}`, i % 3 === 0 ? Buffer.alloc(150) : 'x'.repeat(i));
      await near.get(`k${i}`);
    }
    const { entries, bytes, evictions } = near.counts;
    expect(entries).toBeLessThanOrEqual(10);
    expect(bytes).toBeLessThanOrEqual(1000);
    expect(evictions).toBeGreaterThan(80);
  });

  test.each([{ ttlMs: 0 }, { maxEntries: 0 }, { maxBytes: Number.NaN }])(
    'refuses %j',
    (options) => {
      const refused = expect.objectContaining({ code: 'ERR_ARGUMENT' });
      expect(() => new NearCache(far, options)).toThrow(refused);
    },
  );
});
