import { readFileSync } from 'node:fs';
import { MemcacheClient } from 'memcache-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeBothServers, type ServerUnderTest } from './both-servers.ts';
import { overTls, PLAIN } from './server-setups.ts';

const TIMEOUT_MS = 10_000;

/** Every operation of memcache-client; it uses TLS if the server has a certificate to trust. */
function operationTests({ address, certificateFile }: ServerUnderTest): void {
  let client: MemcacheClient;
  beforeAll(() => {
    const caFile = certificateFile();
    const tls = caFile && { tls: { ca: readFileSync(caFile) } };
    const server = { server: address(), maxConnections: 3 };
    client = new MemcacheClient({ server, cmdTimeout: TIMEOUT_MS, lifetime: 0, ...(tls || {}) });
  });
  afterAll(() => client?.shutdown());
  const get = async (key: string) => (await client.get<{ value: unknown }>(key))?.value;

  test('get returns values of every kind unchanged', async () => {
    const values = ['text', 'caf\u00e9 \u{1f980}', 'two\r\nlines', 'END\r\n', 42, 1.5];
    for (const value of [...values, { deep: [1, 'two'] }, 'x'.repeat(500_000)]) {
      expect(await client.set('kind', value)).toEqual(['STORED']);
      expect(await get('kind')).toEqual(value);
    }
    const bytes = Buffer.from([0, 1, 13, 10, 0x80, 255]);
    await client.set('bytes', bytes);
    expect(await get('bytes')).toEqual(bytes);
  });

  test('add, replace, append, prepend and delete report their outcome', async () => {
    expect(await get('word')).toBe(undefined);
    await expect(client.replace('word', 'x')).rejects.toThrow('NOT_STORED');
    await expect(client.append('word', 'x')).rejects.toThrow('NOT_STORED');
    expect(await client.add('word', 'mid')).toEqual(['STORED']);
    await expect(client.add('word', 'other')).rejects.toThrow('NOT_STORED');
    expect(await client.append('word', '-end')).toEqual(['STORED']);
    expect(await client.prepend('word', 'start-')).toEqual(['STORED']);
    expect(await get('word')).toBe('start-mid-end');
    expect(await client.replace('word', 'new')).toEqual(['STORED']);
    expect(await client.delete('word')).toEqual(['DELETED']);
    await expect(client.delete('word')).rejects.toThrow('NOT_FOUND');
  });

  test('cas stores only with the CAS id of gets', async () => {
    await client.set('swap', 'one');
    const seen = await client.gets<{ value: string; casUniq: string }>('swap');
    expect(seen.value).toBe('one');
    const options = { casUniq: seen.casUniq };
    expect(await client.cas('swap', 'two', options)).toEqual(['STORED']);
    await expect(client.cas('swap', 'three', options)).rejects.toThrow('EXISTS');
    await expect(client.cas('absent', 'x', options)).rejects.toThrow('NOT_FOUND');
    expect(await get('swap')).toBe('two');
  });

  test('incr and decr count, and stop at 0', async () => {
    await expect(client.incr('count', 1)).rejects.toThrow('NOT_FOUND');
    await client.set('count', '10');
    expect(await client.incr('count', 5)).toBe('15');
    expect(await client.decr('count', 6)).toBe('9');
    expect(await client.decr('count', 100)).toBe('0');
    await client.set('count', 'word');
    await expect(client.incr('count', 1)).rejects.toThrow('non-numeric');
  });

  test('get of 201 keys returns the 200 that exist', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `many:${i}`);
    await Promise.all(keys.map((key) => client.set(key, `value of ${key}`)));
    const found = await client.get<Record<string, { tokens: string[]; value: string }>>([
      ...keys,
      'many:none',
    ]);
    const values = Object.entries(found).map(([key, { value }]) => [key, value]);
    expect(values).toEqual(keys.map((key) => [key, `value of ${key}`]));
  });

  test('the server sends no replies to commands with noreply', async () => {
    await client.set('quiet', '1', { noreply: true });
    await client.incr('quiet', 1, { noreply: true });
    await client.touch('quiet', 100, { noreply: true });
    // The client waits for no reply, so it sends each of these on its first connection.
    expect(await get('quiet')).toBe('2');
    await client.delete('quiet', { noreply: true });
    expect(await get('quiet')).toBe(undefined);
  });

  test('touch finds only existing keys, and a negative lifetime expires at once', async () => {
    await client.set('brief', 'x');
    expect(await client.touch('brief', 100)).toEqual(['TOUCHED']);
    await expect(client.touch('absent', 100)).rejects.toThrow('NOT_FOUND');
    await client.set('past', 'x', { lifetime: -1 });
    expect(await get('past')).toBe(undefined);
  });

  test('the connection works after the server has refused a request', async () => {
    await expect(client.set('large', 'x'.repeat(1024 * 1024))).rejects.toThrow('too large');
    await expect(client.cmd('nonsense')).rejects.toThrow('ERROR');
    expect(await client.set('k'.repeat(250), 'longest')).toEqual(['STORED']);
    expect(await get('k'.repeat(250))).toBe('longest');
  });

  test('version, stats and flush_all work', async () => {
    await client.set('seen', 'x');
    expect(await client.version()).toHaveLength(2);
    const { STAT } = await client.cmd<{ STAT: string[][] }>('stats');
    expect(STAT).toContainEqual(['cmd_flush', '0']);
    const settings = await client.cmd<{ STAT: string[][] }>('stats settings');
    expect(settings.STAT).toContainEqual(['maxbytes', '67108864']);
    expect(await client.cmd('flush_all')).toEqual(['OK']);
    expect(await get('seen')).toBe(undefined);
  });

  test('a thousand concurrent operations get their own replies', async () => {
    const jobs = Array.from({ length: 1000 }, async (_, i) => {
      await client.set(`flight:${i}`, i);
      return get(`flight:${i}`);
    });
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => i));
  });
}

describeBothServers("npm's memcache-client", (_, server) => operationTests(server));
describeBothServers(
  "npm's memcache-client over TLS",
  (_, server) => operationTests(server),
  overTls(PLAIN),
);
