import { Memcache } from 'memcache';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeBothServers } from './both-servers.ts';

describeBothServers("npm's memcache", (address) => {
  let client: Memcache;
  beforeAll(async () => {
    client = new Memcache({ nodes: [address()], timeout: 10_000 });
    await client.connect();
  });
  afterAll(() => client?.disconnect());

  test('get returns values of every kind unchanged', async () => {
    for (const value of [
      'text',
      '',
      'caf\u00e9 \u{1f980}',
      'two\r\nlines',
      'END\r\n',
      'x'.repeat(500_000),
    ]) {
      expect(await client.set('kind', value)).toBe(true);
      expect(await client.get('kind')).toBe(value);
    }
  });

  test('add, replace, append, prepend and delete report their outcome', async () => {
    expect(await client.get('word')).toBe(undefined);
    expect(await client.replace('word', 'x')).toBe(false);
    expect(await client.append('word', 'x')).toBe(false);
    expect(await client.add('word', 'mid')).toBe(true);
    expect(await client.add('word', 'other')).toBe(false);
    expect(await client.append('word', '-end')).toBe(true);
    expect(await client.prepend('word', 'start-')).toBe(true);
    expect(await client.get('word')).toBe('start-mid-end');
    expect(await client.replace('word', 'new')).toBe(true);
    expect(await client.delete('word')).toBe(true);
    expect(await client.delete('word')).toBe(false);
  });

  test('cas with an unknown CAS id stores nothing', async () => {
    await client.set('swap', 'one');
    expect(await client.cas('swap', 'two', '999999999999')).toBe(false);
    expect(await client.cas('absent', 'two', '1')).toBe(false);
    expect(await client.get('swap')).toBe('one');
  });

  test('incr and decr count, and stop at 0', async () => {
    expect(await client.incr('count')).toBe(undefined);
    await client.set('count', '10');
    expect(await client.incr('count', 5)).toBe(15);
    expect(await client.decr('count', 6)).toBe(9);
    expect(await client.decr('count', 100)).toBe(0);
  });

  test('gets of 201 keys returns the 200 that exist', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `many:${i}`);
    await Promise.all(keys.map((key) => client.set(key, `value of ${key}`)));
    const found = await client.gets([...keys, 'many:none']);
    expect(found).toEqual(new Map(keys.map((key) => [key, `value of ${key}`])));
  });

  test('touch finds only existing keys', async () => {
    await client.set('brief', 'x');
    expect(await client.touch('brief', 100)).toBe(true);
    expect(await client.touch('absent', 100)).toBe(false);
    expect(await client.get('brief')).toBe('x');
  });

  test('version, stats and flush work', async () => {
    await client.set('seen', 'x');
    expect([...(await client.version()).values()]).toHaveLength(1);
    const [stats] = [...(await client.stats()).values()];
    expect(Number(stats?.['cmd_touch'])).toBe(2);
    const [settings] = [...(await client.stats('settings')).values()];
    expect(settings?.['maxbytes']).toBe('67108864');
    expect(await client.flush()).toBe(true);
    expect(await client.get('seen')).toBe(undefined);
  });

  test('a thousand concurrent operations get their own replies', async () => {
    const jobs = Array.from({ length: 1000 }, async (_, i) => {
      await client.set(`flight:${i}`, String(i));
      return client.get(`flight:${i}`);
    });
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => String(i)));
  });
});
