import Memcached from 'memcached';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeBothServers } from './both-servers.ts';

type Call = (callback: (error: unknown, result: unknown) => void) => void;

/** Resolves with the result that the callback receives, or with the text of its error. */
function resultOf(call: Call): Promise<unknown> {
  return new Promise((resolve) => {
    call((error, result) =>
      resolve(error ? `error: ${(error as Error).message ?? error}` : result),
    );
  });
}

describeBothServers("npm's memcached", (address) => {
  let client: Memcached;
  beforeAll(() => {
    client = new Memcached(address(), { timeout: 10_000, retries: 0 });
  });
  afterAll(() => client?.end());

  const set = (key: string, value: string | number | object) =>
    resultOf((done) => client.set(key, value, 0, done));
  const get = (key: string) => resultOf((done) => client.get(key, done));

  test('get returns values of every kind unchanged', async () => {
    const values = [
      'text',
      '',
      'caf\u00e9 \u{1f980}',
      'two\r\nlines',
      42,
      1.5,
      { deep: [1, 'two'] },
      'x'.repeat(500_000),
    ];
    for (const value of values) {
      expect(await set('kind', value)).toBe(true);
      expect(await get('kind')).toEqual(value);
    }
    expect(await set('bytes', Buffer.from([0, 1, 13, 10, 255]))).toBe(true);
    expect(await get('bytes')).toEqual(Buffer.from([0, 1, 13, 10, 255]));
  });

  test('add, replace, append, prepend and delete report their outcome', async () => {
    expect(await get('word')).toBe(undefined);
    expect(await resultOf((done) => client.replace('word', 'x', 0, done))).toContain('not stored');
    expect(await resultOf((done) => client.append('word', 'x', done))).toContain('not stored');
    expect(await resultOf((done) => client.add('word', 'mid', 0, done))).toBe(true);
    expect(await resultOf((done) => client.add('word', 'other', 0, done))).toContain('not stored');
    expect(await resultOf((done) => client.append('word', '-end', done))).toBe(true);
    expect(await resultOf((done) => client.prepend('word', 'start-', done))).toBe(true);
    expect(await get('word')).toBe('start-mid-end');
    expect(await resultOf((done) => client.replace('word', 'new', 0, done))).toBe(true);
    expect(await resultOf((done) => client.del('word', done))).toBe(true);
    expect(await resultOf((done) => client.del('word', done))).toBe(false);
  });

  test('cas stores only with the CAS id of gets', async () => {
    await set('swap', 'one');
    const seen = (await resultOf((done) => client.gets('swap', done))) as {
      cas: string;
      swap: string;
    };
    expect(seen.swap).toBe('one');
    const swap = (value: string) =>
      resultOf((done) => client.cas('swap', value, seen.cas, 0, done));
    expect(await swap('two')).toBe(true);
    expect(await swap('three')).toBe(false);
    expect(await get('swap')).toBe('two');
  });

  test('incr and decr count, and stop at 0', async () => {
    expect(await resultOf((done) => client.incr('count', 1, done))).toBe(false);
    await set('count', 10);
    expect(await resultOf((done) => client.incr('count', 5, done))).toBe(15);
    expect(await resultOf((done) => client.decr('count', 6, done))).toBe(9);
    expect(await resultOf((done) => client.decr('count', 100, done))).toBe(0);
    await set('count', 'word');
    expect(await resultOf((done) => client.incr('count', 1, done))).toContain('non-numeric');
  });

  test('getMulti of 201 keys returns the 200 that exist', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `many:${i}`);
    await Promise.all(keys.map((key) => set(key, `value of ${key}`)));
    const found = await resultOf((done) => client.getMulti([...keys, 'many:none'], done));
    expect(found).toEqual(Object.fromEntries(keys.map((key) => [key, `value of ${key}`])));
  });

  test('touch works, and a negative lifetime expires at once', async () => {
    await set('brief', 'x');
    expect(await resultOf((done) => client.touch('brief', 100, done))).toBe(true);
    expect(await resultOf((done) => client.touch('absent', 100, done))).toBe(false);
    expect(await resultOf((done) => client.set('past', 'x', -1, done))).toBe(true);
    expect(await get('past')).toBe(undefined);
  });

  test('version, stats, settings, slabs, items, cachedump and flush work', async () => {
    await set('seen', 'x');
    expect(await resultOf((done) => client.version(done))).toMatchObject([{ server: address() }]);
    expect(await resultOf((done) => client.stats(done))).toMatchObject([
      { server: address(), cmd_touch: 2 },
    ]);
    expect(await resultOf((done) => client.settings(done))).toMatchObject([
      { maxbytes: 67_108_864 },
    ]);
    const [slabs] = (await resultOf((done) => client.slabs(done))) as [Record<string, object>];
    expect(Object.values(slabs)).toContainEqual(
      expect.objectContaining({ chunks_per_page: expect.any(Number) }),
    );
    const [items] = (await resultOf((done) => client.items(done))) as [Record<string, object>];
    const classes = Object.keys(items).filter((name) => Number(name) > 0);
    expect(classes.length).toBeGreaterThan(0);
    const dump = await resultOf((done) =>
      client.cachedump(address(), Number(classes[0]), 1000, done),
    );
    // The client itself returns nothing for a long dump of either server; the call must settle.
    expect(dump).toEqual([]);
    expect(await resultOf((done) => client.flush(done))).toEqual([true]);
    expect(await get('seen')).toBe(undefined);
  });

  test('a thousand concurrent operations get their own replies', async () => {
    const jobs = Array.from({ length: 1000 }, async (_, i) => {
      await set(`flight:${i}`, i);
      return get(`flight:${i}`);
    });
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => i));
  });
});
