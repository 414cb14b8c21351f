import { beforeEach, describe, expect, test } from 'vitest';
import { type BackingCache, NearCache } from '../../../../src/client/patterns/near-cache.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

/** A cache whose operations wait until the test resolves `gate`. */
class SlowCache implements BackingCache {
  readonly values = new Map<string, unknown>();
  readonly gets: string[] = [];
  gate: Promise<void> | undefined;

  async get<T>(key: string): Promise<T | undefined> {
    this.gets.push(key);
    const value = this.values.get(key) as T | undefined;
    await this.gate;
    return value;
  }

  getOrSet<T>(key: string): Promise<T | undefined> {
    return this.get<T>(key);
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.gate;
    this.values.set(key, value);
  }

  async delete(key: string): Promise<boolean> {
    return this.values.delete(key);
  }
}

describe('a near cache', () => {
  let far: SlowCache;
  let clock: ManualClock;
  let near: NearCache;
  beforeEach(() => {
    far = new SlowCache();
    clock = new ManualClock();
    near = new NearCache(far, { maxAgeMs: 2000, maxEntries: 10, maxBytes: 1000 }, clock);
  });

  test('a near cache reads a key once from the cache within maxAgeMs', async () => {
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

  test('a near cache does not remember a miss', async () => {
    for (let i = 0; i < 2; i++) expect(await near.get('k')).toBe(undefined);
    expect(far.gets).toHaveLength(2);
  });

  test.each<[string, () => number]>([
    ['throws', () => JSON.parse('no size')],
    ['is no number', () => Number.NaN],
    ['is negative', () => -5],
  ])('a near cache does not keep a value whose size %s', async (_, sizeOf) => {
    const odd = new NearCache(far, { sizeOf }, clock);
    far.values.set('k', 'v');
    for (let i = 0; i < 2; i++) expect(await odd.get('k')).toBe('v');
    expect(odd.counts).toMatchObject({ hits: 0, entries: 0, bytes: 0 });
  });

  test('a near cache returns a value that has no JSON', async () => {
    far.values.set('k', 5n);
    expect(await near.get('k')).toBe(5n);
  });

  test('the readers of a near cache see a write through it at once', async () => {
    far.values.set('k', 'old');
    await near.get('k');
    await near.set('k', 'new');
    expect(await near.get('k')).toBe('new');
    expect(await near.delete('k')).toBe(true);
    expect(await near.get('k')).toBe(undefined);
  });

  test('a near cache does not keep the result of a read that started before a write', async () => {
    far.values.set('k', 'old');
    const gate = Promise.withResolvers<void>();
    far.gate = gate.promise;
    const read = near.get('k');
    const written = near.set('k', 'new');
    const during = near.get('k');
    gate.resolve();
    expect([await read, await during]).toEqual(['old', 'old']);
    await written;
    expect(await near.get('k')).toBe('new');
  });

  test('a near cache removes the keys that the caller invalidates', async () => {
    for (const key of ['a', 'b']) far.values.set(key, key);
    const readBoth = () => Promise.all([near.get('a'), near.get('b')]);
    await readBoth();
    near.invalidate('a');
    await readBoth();
    near.invalidateAll();
    await readBoth();
    expect(far.gets).toEqual(['a', 'b', 'a', 'a', 'b']);
  });

  test('a near cache does not exceed its bounds', async () => {
    for (let i = 0; i < 100; i++) {
      far.values.set(`k${i}`, i % 3 === 0 ? Buffer.alloc(150) : 'x'.repeat(i));
      await near.get(`k${i}`);
    }
    const { entries, bytes, evictions } = near.counts;
    expect(entries).toBeLessThanOrEqual(10);
    expect(bytes).toBeLessThanOrEqual(1000);
    expect(evictions).toBeGreaterThan(80);
  });

  test.each([{ maxAgeMs: 0 }, { maxEntries: 0 }, { maxBytes: Number.NaN }])(
    'a near cache refuses %j',
    (options) => {
      const failure = expect.objectContaining({ code: 'ERR_ARGUMENT' });
      expect(() => new NearCache(far, options)).toThrow(failure);
    },
  );
});
