import Memcached from 'memcached';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeBothServers } from './both-servers.ts';

type Ask = (callback: (error: unknown, result: unknown) => void) => void;

/** What the callback is given: the result, or the error's text. */
function answerOf(ask: Ask): Promise<unknown> {
  return new Promise((resolve) => {
    ask((error, result) => resolve(error ? `error: ${(error as Error).message ?? error}` : result));
  });
}

describeBothServers("npm's memcached", (address) => {
  let client: Memcached;
  beforeAll(() => {
    client = new Memcached(address(), { timeout: 10_000, retries: 0 });
  });
  afterAll(() => client?.end());

  const set = (key: string, value: string | number | object) =>
    answerOf((back) => client.set(key, value, 0, back));
  const get = (key: string) => answerOf((back) => client.get(key, back));

  test('values of every kind come back as they were', async () => {
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

  test('add, replace, append, prepend, delete', async () => {
    expect(await get('word')).toBe(undefined);
    expect(await answerOf((back) => client.replace('word', 'x', 0, back))).toContain('not stored');
    expect(await answerOf((back) => client.append('word', 'x', back))).toContain('not stored');
    expect(await answerOf((back) => client.add('word', 'mid', 0, back))).toBe(true);
    expect(await answerOf((back) => client.add('word', 'other', 0, back))).toContain('not stored');
    expect(await answerOf((back) => client.append('word', '-end', back))).toBe(true);
    expect(await answerOf((back) => client.prepend('word', 'start-', back))).toBe(true);
    expect(await get('word')).toBe('start-mid-end');
    expect(await answerOf((back) => client.replace('word', 'new', 0, back))).toBe(true);
    expect(await answerOf((back) => client.del('word', back))).toBe(true);
    expect(await answerOf((back) => client.del('word', back))).toBe(false);
  });

  test('gets and cas', async () => {
    await set('swap', 'one');
    const seen = (await answerOf((back) => client.gets('swap', back))) as {
      cas: string;
      swap: string;
    };
    expect(seen.swap).toBe('one');
    const swap = (value: string) =>
      answerOf((back) => client.cas('swap', value, seen.cas, 0, back));
    expect(await swap('two')).toBe(true);
    expect(await swap('three')).toBe(false);
    expect(await get('swap')).toBe('two');
  });

  test('incr and decr', async () => {
    expect(await answerOf((back) => client.incr('count', 1, back))).toBe(false);
    await set('count', 10);
    expect(await answerOf((back) => client.incr('count', 5, back))).toBe(15);
    expect(await answerOf((back) => client.decr('count', 6, back))).toBe(9);
    expect(await answerOf((back) => client.decr('count', 100, back))).toBe(0);
    await set('count', 'word');
    expect(await answerOf((back) => client.incr('count', 1, back))).toContain('non-numeric');
  });

  test('many keys at once', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `many:${i}`);
    await Promise.all(keys.map((key) => set(key, `value of ${key}`)));
    const found = await answerOf((back) => client.getMulti([...keys, 'many:none'], back));
    expect(found).toEqual(Object.fromEntries(keys.map((key) => [key, `value of ${key}`])));
  });

  test('touch and expiry', async () => {
    await set('brief', 'x');
    expect(await answerOf((back) => client.touch('brief', 100, back))).toBe(true);
    expect(await answerOf((back) => client.touch('absent', 100, back))).toBe(false);
    expect(await answerOf((back) => client.set('past', 'x', -1, back))).toBe(true);
    expect(await get('past')).toBe(undefined);
  });

  test('version, stats, settings, slabs, items, cachedump, flush', async () => {
    await set('seen', 'x');
    expect(await answerOf((back) => client.version(back))).toMatchObject([{ server: address() }]);
    expect(await answerOf((back) => client.stats(back))).toMatchObject([
      { server: address(), cmd_touch: 2 },
    ]);
    expect(await answerOf((back) => client.settings(back))).toMatchObject([
      { maxbytes: 67_108_864 },
    ]);
    const [slabs] = (await answerOf((back) => client.slabs(back))) as [Record<string, object>];
    expect(Object.values(slabs)).toContainEqual(
      expect.objectContaining({ chunks_per_page: expect.any(Number) }),
    );
    const [items] = (await answerOf((back) => client.items(back))) as [Record<string, object>];
    const classes = Object.keys(items).filter((name) => Number(name) > 0);
    expect(classes.length).toBeGreaterThan(0);
    const dump = await answerOf((back) =>
      client.cachedump(address(), Number(classes[0]), 1000, back),
    );
    // The client itself makes nothing of a long dump, of either server: it must come to an end.
    expect(dump).toEqual([]);
    expect(await answerOf((back) => client.flush(back))).toEqual([true]);
    expect(await get('seen')).toBe(undefined);
  });

  test('a thousand operations in flight', async () => {
    const jobs = Array.from({ length: 1000 }, async (_, i) => {
      await set(`flight:${i}`, i);
      return get(`flight:${i}`);
    });
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => i));
  });
});
