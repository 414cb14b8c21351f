import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/run.ts';
import { healthVerb } from '../../../src/cli/verbs/health.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';
import { TestHost } from '../../unit/cli/host.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let authority: Authority;
let first: Identity;
let second: Identity;
/** The files that the node reads; a test copies `first` or `second` to them. */
let live: Identity;
const servers: TestServer[] = [];
const sockets: TLSSocket[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  authority = await Authority.create(folder.path);
  first = await authority.issue('first');
  second = await authority.issue('second', 3);
  live = { cert: join(folder.path, 'live.pem'), key: join(folder.path, 'live.key') };
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => folder.remove());

async function install(identity: Identity): Promise<void> {
  await copyFile(identity.cert, live.cert);
  await copyFile(identity.key, live.key);
}

async function startNode(suboptions = '', ...args: readonly string[]): Promise<TestServer> {
  await install(first);
  const files = `ssl_chain_cert=${live.cert},ssl_key=${live.key}${suboptions}`;
  const server = await startSlabring({ args: ['-Z', '-o', files, '-t', '2', ...args] });
  servers.push(server);
  return server;
}

/** Connects a client; resolves after the handshake. */
async function connectTls(server: TestServer, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { host, port } = server;
  const ca = await readFile(authority.ca);
  const socket = connect({ host, port, ca, ...options });
  sockets.push(socket);
  socket.on('error', () => {});
  await Promise.race([once(socket, 'secureConnect'), failed(socket)]);
  return socket;
}

async function failed(socket: TLSSocket): Promise<never> {
  const [error] = (await once(socket, 'error')) as [Error];
  throw error;
}

/** Sends requests and reads up to an ending. */
function exchange(socket: TLSSocket, requests: string | Buffer, ending: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const listen = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      if (!received.endsWith(ending)) return;
      socket.off('data', listen).off('close', fail);
      resolve(received);
    };
    const fail = (): void => reject(new Error('closed'));
    socket.on('data', listen).on('close', fail);
    socket.write(requests);
  });
}

const nameOf = (socket: TLSSocket): string => String(socket.getPeerCertificate().subject.CN);
const version = (socket: TLSSocket): Promise<string> =>
  exchange(socket, 'version\r\n', '\r\n').then((line) => line.trim());

describe('a TLS connection', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a TLS connection works with %s', async (tls) => {
    const server = await startNode();
    const socket = await connectTls(server, { minVersion: tls, maxVersion: tls });
    expect(socket.getProtocol()).toBe(tls);
    expect(await version(socket)).toBe('VERSION 1.6.18');
  });

  test('a TLS connection fails below the minimum version', async () => {
    const server = await startNode(',ssl_min_version=3');
    await expect(connectTls(server, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    expect(await version(await connectTls(server))).toBe('VERSION 1.6.18');
  });

  test('the node serves many requests in one record, one in many, and large values', async () => {
    const server = await startNode();
    const socket = await connectTls(server);
    expect(await exchange(socket, 'mn\r\n'.repeat(100), 'MN\r\n')).toMatch(/^(MN\r\n)+$/);
    for (const byte of 'set a 0 0 5\r\nhello\r\nget a\r') socket.write(byte);
    expect(await exchange(socket, '\n', 'END\r\n')).toContain('VALUE a 0 5\r\nhello\r\n');
    const large = 'x'.repeat(1_000_000);
    const requests = `set b 0 0 ${large.length}\r\n${large}\r\nget b\r\n`;
    const reply = await exchange(socket, requests, 'END\r\n');
    expect(reply).toBe(`STORED\r\nVALUE b 0 ${large.length}\r\n${large}\r\nEND\r\n`);
  });

  test('the node serves 100,000 pipelined requests of a TLS client that reads late', async () => {
    const server = await startNode();
    const socket = await connectTls(server);
    socket.pause();
    socket.write(`set a 0 0 100\r\n${'v'.repeat(100)}\r\n`);
    socket.write('get a\r\n'.repeat(100_000));
    socket.write('mn\r\n');
    let bytes = 0;
    let tail = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-10);
      if (tail.endsWith('MN\r\n')) break;
    }
    const each = `VALUE a 0 100\r\n${'v'.repeat(100)}\r\nEND\r\n`.length;
    expect(bytes).toBe('STORED\r\n'.length + 100_000 * each + 'MN\r\n'.length);
  });

  test('the node sends all replies to a TLS client that has sent FIN, then closes', async () => {
    const server = await startNode();
    const socket = await connectTls(server, { allowHalfOpen: true } as ConnectionOptions);
    socket.end('version\r\nmn\r\n');
    let received = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) received += chunk.toString();
    expect(received).toBe('VERSION 1.6.18\r\nMN\r\n');
  });

  test('a client resumes its TLS session on every thread', async () => {
    const server = await startNode();
    const once12 = { maxVersion: 'TLSv1.2' } as const;
    const begun = await connectTls(server, once12);
    await version(begun);
    const session = begun.getSession();
    for (let i = 0; i < 8; i++) {
      const next = await connectTls(server, { ...once12, ...(session ? { session } : {}) });
      expect(next.isSessionReused()).toBe(true);
    }
    const stats = await exchange(begun, 'stats\r\n', 'END\r\n');
    expect(stats).toContain('STAT ssl_new_sessions 1\r\n');
    expect(stats).toMatch(/STAT time_since_server_cert_refresh \d+\r\n/);
  });
});

describe('the listeners of a node', () => {
  test('the listeners accept only clients with a certificate of the CA (mutual TLS)', async () => {
    const server = await startNode(`,ssl_ca_cert=${authority.ca},ssl_verify_mode=2`);
    const client = await authority.issue('client');
    const known = { cert: await readFile(client.cert), key: await readFile(client.key) };
    expect(await version(await connectTls(server, known))).toBe('VERSION 1.6.18');
    const stranger = await (await Authority.create(folder.path, 'other')).issue('stranger');
    const strange = { cert: await readFile(stranger.cert), key: await readFile(stranger.key) };
    // In TLS 1.3 the client receives the refusal only after its half of the handshake.
    for (const options of [{}, strange]) {
      await expect(connectTls(server, options).then(version)).rejects.toThrow();
    }
  });

  test('btls and mtls decide whether a client of their listener needs a certificate', async () => {
    const [basic, mutual] = [await freePort(), await freePort()];
    const listen = `btls:127.0.0.1:${basic},mtls:127.0.0.1:${mutual}`;
    const ca = `,ssl_ca_cert=${authority.ca}`;
    const server = await startNode(`${ca},ssl_verify_mode=2`, '-l', listen);
    const client = await authority.issue('client');
    const known = { cert: await readFile(client.cert), key: await readFile(client.key) };
    expect(await version(await connectTls(server, { port: basic }))).toBe('VERSION 1.6.18');
    const both = await connectTls(server, { port: mutual, ...known });
    expect(await version(both)).toBe('VERSION 1.6.18');
    await expect(connectTls(server, { port: mutual }).then(version)).rejects.toThrow();
  });

  test('the listeners use no TLS at notls addresses', async () => {
    const port = await freePort();
    const server = await startNode('', '-l', `notls:127.0.0.1:${port}`);
    const plain = await sendAndReadToEnd({ host: '127.0.0.1', port }, 'version\r\n');
    expect(plain.toString()).toBe('VERSION 1.6.18\r\n');
    expect(await version(await connectTls(server))).toBe('VERSION 1.6.18');
  });

  test('close and count connections that send no TLS, and serve the others', async () => {
    const server = await startNode();
    const bystander = await connectTls(server);
    for (const garbage of ['get a\r\n', '\x16\x03\x01', '\x80\x0b', 'x'.repeat(70_000)]) {
      const socket = connectPlain(server.port, server.host);
      const gone = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => {});
      socket.write(garbage, () => socket.destroySoon());
      await gone;
    }
    expect(await version(bystander)).toBe('VERSION 1.6.18');
    const stats = await waitUntil('stats count the failures', async () => {
      const all = await exchange(bystander, 'stats\r\n', 'END\r\n');
      return /STAT ssl_handshake_errors [4-9]/.test(all) ? all : undefined;
    });
    expect(stats).toMatch(/STAT curr_connections 1\r\n/);
  });
});

test('slabring health -Z checks a node over TLS', async () => {
  const server = await startNode();
  const health = async (...args: readonly string[]) => {
    const host = new TestHost();
    const code = await run(['health', '-p', String(server.port), ...args], [healthVerb], host);
    return { code, output: host.outputLines.join() };
  };
  expect(await health('-Z')).toEqual({
    code: 0,
    output: `127.0.0.1:${server.port} is ready: version 1.6.18`,
  });
  expect((await health('--patience', '500')).code).toBe(1);
});

describe('a new certificate', () => {
  test('refresh_certs puts a new certificate on new connections, not on open ones', async () => {
    const server = await startNode();
    const old = await connectTls(server);
    expect(nameOf(old)).toBe('first');
    expect(await expiryIn(old)).toBe(await expiryOf(first));
    await install(second);
    expect(await exchange(old, 'refresh_certs\r\n', '\r\n')).toBe('OK\r\n');
    await waitUntil('every thread uses the new certificate', async () => {
      const names = [];
      for (let i = 0; i < 6; i++) names.push(nameOf(await connectTls(server)));
      return names.every((name) => name === 'second') || undefined;
    });
    expect(await version(old)).toBe('VERSION 1.6.18');
    expect(nameOf(old)).toBe('first');
    expect(await expiryIn(old)).toBe(await expiryOf(second));
  });

  /** The time at which the certificate of the node ends, by its statistics. */
  async function expiryIn(socket: TLSSocket): Promise<number> {
    const stats = await exchange(socket, 'stats\r\n', 'END\r\n');
    return Number(/STAT server_cert_expires_at (\d+)/.exec(stats)?.[1]);
  }
  const expiryOf = async ({ cert }: Identity): Promise<number> =>
    Date.parse(new X509Certificate(await readFile(cert)).validTo) / 1000;

  test('a new certificate is used after SIGHUP, unless it is bad', async () => {
    const server = await startNode();
    const old = await connectTls(server);
    await writeFile(live.key, 'no key');
    expect(await exchange(old, 'refresh_certs\r\n', '\r\n')).toMatch(
      /^Error Cannot use the certificate/,
    );
    process.kill(server.pid, 'SIGHUP');
    await waitUntil('the node logs the failure', async () =>
      server.process.stderr.includes('kept the previous certificates') ? true : undefined,
    );
    expect(nameOf(await connectTls(server))).toBe('first');
    await install(second);
    process.kill(server.pid, 'SIGHUP');
    await waitUntil('the node uses the new certificate', async () =>
      nameOf(await connectTls(server)) === 'second' ? true : undefined,
    );
  });

  test('a new certificate is read for every client that asks, however many ask', async () => {
    const port = await freePort();
    const server = await startNode('', '-l', `notls:127.0.0.1:${port}`);
    const refresh = () => sendAndReadToEnd({ host: server.host, port }, 'refresh_certs\r\n');
    const replies = await Promise.all(Array.from({ length: 900 }, refresh));
    expect(new Set(replies.map(String))).toEqual(new Set(['OK\r\n']));
  });

  test('a new certificate is refused by a node without TLS', async () => {
    const server = await startSlabring();
    servers.push(server);
    const reply = await sendAndReadToEnd(server.address, 'refresh_certs\r\n');
    expect(reply.toString()).toBe('Error TLS not enabled\r\n');
  });
});

test('a node with an unusable certificate does not start, and says why', async () => {
  const startWithOptions = (...args: readonly string[]) => startSlabring({ args: ['-Z', ...args] });
  await expect(startWithOptions()).rejects.toThrow(/ssl_chain_cert=<file>/);
  await expect(startWithOptions('-o', 'ssl_chain_cert=none.pem')).rejects.toThrow(
    /Cannot read the certificate chain none.pem/,
  );
  const mixed = `ssl_chain_cert=${first.cert},ssl_key=${second.key}`;
  await expect(startWithOptions('-o', mixed)).rejects.toThrow(/must match the certificate/);
  await expect(startWithOptions('-o', 'ssl_foo=1')).rejects.toThrow(/no suboption "ssl_foo"/);
});
