import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { connect } from 'node:tls';
import type { Client } from 'memjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Credentials } from '../support/sasl.ts';
import { describeBothServers } from './both-servers.ts';
import { memjsClient, statsOf } from './memjs-client.ts';
import { overTls, SASL, SASL_USER } from './server-setups.ts';

/** Every operation of memjs, for any server setup. */
function operationTests(address: () => string, credentials?: Credentials): void {
  let client: Client;
  beforeAll(() => {
    client = memjsClient(address(), credentials);
  });
  afterAll(() => client?.close());
  const get = async (key: string) => (await client.get(key)).value?.toString();

  test('get returns values of every kind unchanged', async () => {
    for (const value of ['text', '', 'caf\u00e9 \u{1f980}', 'two\r\nlines', 'x'.repeat(500_000)]) {
      expect(await client.set('kind', value)).toBe(true);
      expect(await get('kind')).toBe(value);
    }
    const bytes = Buffer.from([0, 1, 13, 10, 0x80, 0x81, 255]);
    expect(await client.set('bytes', bytes)).toBe(true);
    expect((await client.get('bytes')).value).toEqual(bytes);
    expect((await client.get('bytes')).flags).toEqual(Buffer.alloc(4));
  });

  test('add, replace, append and delete report their outcome', async () => {
    expect(await get('word')).toBe(undefined);
    await expect(client.replace('word', 'x')).resolves.toBe(false);
    await expect(client.append('word', 'x')).rejects.toThrow('Item not stored');
    expect(await client.add('word', 'mid')).toBe(true);
    expect(await client.add('word', 'other')).toBe(false);
    expect(await client.append('word', '-end')).toBe(true);
    // memjs sends an append when its prepend is called.
    expect(await client.prepend('word', '-last')).toBe(true);
    expect(await get('word')).toBe('mid-end-last');
    expect(await client.replace('word', 'new')).toBe(true);
    expect(await client.delete('word')).toBe(true);
    expect(await client.delete('word')).toBe(false);
  });

  test('increment and decrement count, and stop at 0', async () => {
    expect(await client.increment('count', 5, { initial: 10 })).toEqual({
      success: true,
      value: 10,
    });
    expect(await client.increment('count', 5, {})).toEqual({ success: true, value: 15 });
    expect(await client.decrement('count', 6, {})).toEqual({ success: true, value: 9 });
    expect(await client.decrement('count', 100, {})).toEqual({ success: true, value: 0 });
    expect(await client.decrement('fresh', 1, { initial: 3 })).toMatchObject({ value: 3 });
    await client.set('count', 'word');
    await expect(client.increment('count', 1, {})).rejects.toThrow('non-numeric');
  });

  test('touch finds only existing keys, and an expiry in the past hides a value', async () => {
    await client.set('brief', 'x', { expires: 100 });
    expect(await client.touch('brief', 200)).toBe(true);
    expect(await client.touch('absent', 200)).toBe(false);
    expect(await get('brief')).toBe('x');
    // The server reads an exptime above 30 days as a Unix time; this one is in the past.
    await client.set('past', 'x', { expires: 30 * 24 * 60 * 60 + 1 });
    expect(await get('past')).toBe(undefined);
  });

  test('the connection works after the server has refused a request', async () => {
    await expect(client.set('large', 'x'.repeat(1024 * 1024))).rejects.toThrow('Value too large');
    await client.set('k'.repeat(250), 'longest');
    expect(await get('k'.repeat(250))).toBe('longest');
  });

  test('stats, its arguments and flush work', async () => {
    await client.set('seen', 'x');
    expect(await statsOf(client, '')).toMatchObject({ cmd_touch: '2', cas_misses: '0' });
    expect(await statsOf(client, 'settings')).toMatchObject({ maxbytes: '67108864' });
    expect(Object.keys(await statsOf(client, 'slabs'))).toContain('active_slabs');
    expect(Object.keys(await statsOf(client, 'items')).length).toBeGreaterThan(0);
    expect(await client.flush()).toEqual({ [address()]: true });
    expect(await get('seen')).toBe(undefined);
  });

  test('a thousand concurrent operations get their own replies', async () => {
    const jobs = Array.from({ length: 1000 }, async (_, i) => {
      await client.set(`flight:${i}`, String(i));
      return get(`flight:${i}`);
    });
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => String(i)));
  });
}

describeBothServers("npm's memjs", (address) => operationTests(address));

describeBothServers(
  "npm's memjs with SASL",
  (address) => {
    describe('after a login', () => operationTests(address, SASL_USER));

    test.for([
      ['a wrong password', { ...SASL_USER, password: 'open sesame 43' }],
      ['a password with an extra character', { ...SASL_USER, password: `${SASL_USER.password}!` }],
      ['an unknown user', { ...SASL_USER, username: 'clown' }],
      ['no login at all', undefined],
    ] as const)('the server refuses %s', async ([, credentials]) => {
      const client = memjsClient(address(), credentials);
      await expect(client.get('kind')).rejects.toBe('Memcached server authentication failed!');
      client.close();
    });
  },
  SASL,
);

/** memjs does not support TLS; its users run a tunnel between it and the server. */
class TlsTunnel {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: string, certificateFile = '') {
    const [host, port] = target.split(':');
    const ca = readFileSync(certificateFile);
    this.#server = createServer((inner) => {
      const outer = connect({ host, port: Number(port), ca });
      for (const socket of [inner, outer]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          inner.destroy();
          outer.destroy();
        });
      }
      inner.pipe(outer).pipe(inner);
    });
  }

  /** Starts listening, and resolves with `host:port` of the unencrypted end. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP port');
    return `127.0.0.1:${address.port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describeBothServers(
  "npm's memjs with SASL through a TLS tunnel",
  (address, { certificateFile }) => {
    let tunnel: TlsTunnel;
    let tunnelAddress = '';
    beforeAll(async () => {
      tunnel = new TlsTunnel(address(), certificateFile());
      tunnelAddress = await tunnel.listen();
    });
    afterAll(() => tunnel?.close());
    operationTests(() => tunnelAddress, SASL_USER);
  },
  overTls(SASL),
);
