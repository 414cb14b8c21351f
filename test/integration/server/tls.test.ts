import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { healthVerb } from '../../../src/cli/health.ts';
import { run } from '../../../src/cli/run.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import type { TestServer } from '../../support/server.ts';
import { until } from '../../support/wait.ts';
import { dialogue } from '../../support/wire.ts';
import { TestHost } from '../../unit/cli/host.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let authority: Authority;
let first: Identity;
let second: Identity;
/** Where the node looks; tests put the first or the second there. */
let live: Identity;
const servers: TestServer[] = [];
const sockets: TLSSocket[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  authority = await Authority.create(folder.path);
  first = await authority.issue('first');
  second = await authority.issue('second');
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

async function started(suboptions = '', ...args: readonly string[]): Promise<TestServer> {
  await install(first);
  const files = `ssl_chain_cert=${live.cert},ssl_key=${live.key}${suboptions}`;
  const server = await startSlabring({ args: ['-Z', '-o', files, '-t', '2', ...args] });
  servers.push(server);
  return server;
}

/** A client after its handshake. */
async function connected(server: TestServer, options: ConnectionOptions = {}): Promise<TLSSocket> {
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

/** Says something and reads up to an ending. */
function exchange(socket: TLSSocket, said: string | Buffer, ending: string): Promise<string> {
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
    socket.write(said);
  });
}

const nameOf = (socket: TLSSocket): string => String(socket.getPeerCertificate().subject.CN);
const version = (socket: TLSSocket): Promise<string> =>
  exchange(socket, 'version\r\n', '\r\n').then((line) => line.trim());

describe('a connection', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('by %s', async (tls) => {
    const server = await started();
    const socket = await connected(server, { minVersion: tls, maxVersion: tls });
    expect(socket.getProtocol()).toBe(tls);
    expect(await version(socket)).toBe('VERSION 1.6.18');
  });

  test('below the least version is refused', async () => {
    const server = await started(',ssl_min_version=3');
    await expect(connected(server, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    expect(await version(await connected(server))).toBe('VERSION 1.6.18');
  });

  test('many requests in one record, one request in many, and large values', async () => {
    const server = await started();
    const socket = await connected(server);
    expect(await exchange(socket, 'mn\r\n'.repeat(100), 'MN\r\n')).toMatch(/^(MN\r\n)+$/);
    for (const byte of 'set a 0 0 5\r\nhello\r\nget a\r') socket.write(byte);
    expect(await exchange(socket, '\n', 'END\r\n')).toContain('VALUE a 0 5\r\nhello\r\n');
    const large = 'x'.repeat(1_000_000);
    const said = `set b 0 0 ${large.length}\r\n${large}\r\nget b\r\n`;
    const reply = await exchange(socket, said, 'END\r\n');
    expect(reply).toBe(`STORED\r\nVALUE b 0 ${large.length}\r\n${large}\r\nEND\r\n`);
  });

  test('100,000 requests at once, to a client that reads late', async () => {
    const server = await started();
    const socket = await connected(server);
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

  test('a client that says no more gets its replies, and the end', async () => {
    const server = await started();
    const socket = await connected(server, { allowHalfOpen: true } as ConnectionOptions);
    socket.end('version\r\nmn\r\n');
    let received = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) received += chunk.toString();
    expect(received).toBe('VERSION 1.6.18\r\nMN\r\n');
  });

  test('sessions go on, whichever thread takes the connection', async () => {
    const server = await started();
    const once12 = { maxVersion: 'TLSv1.2' } as const;
    const begun = await connected(server, once12);
    await version(begun);
    const session = begun.getSession();
    for (let i = 0; i < 8; i++) {
      const next = await connected(server, { ...once12, ...(session ? { session } : {}) });
      expect(next.isSessionReused()).toBe(true);
    }
    const stats = await exchange(begun, 'stats\r\n', 'END\r\n');
    expect(stats).toContain('STAT ssl_new_sessions 1\r\n');
    expect(stats).toMatch(/STAT time_since_server_cert_refresh \d+\r\n/);
  });
});

describe('who may connect', () => {
  test('mutual TLS: only clients with a certificate of the CA', async () => {
    const server = await started(`,ssl_ca_cert=${authority.ca},ssl_verify_mode=2`);
    const client = await authority.issue('client');
    const known = { cert: await readFile(client.cert), key: await readFile(client.key) };
    expect(await version(await connected(server, known))).toBe('VERSION 1.6.18');
    const stranger = await (await Authority.create(folder.path, 'other')).issue('stranger');
    const strange = { cert: await readFile(stranger.cert), key: await readFile(stranger.key) };
    // By TLS 1.3 the client hears of the refusal only after its own half of the handshake.
    for (const options of [{}, strange]) {
      const said = connected(server, options).then(version);
      await expect(said).rejects.toThrow();
    }
  });

  test('notls listeners speak plainly beside the others', async () => {
    const port = await freePort();
    const server = await started('', '-l', `notls:127.0.0.1:${port}`);
    const plain = await dialogue({ host: '127.0.0.1', port }, 'version\r\n');
    expect(plain.toString()).toBe('VERSION 1.6.18\r\n');
    expect(await version(await connected(server))).toBe('VERSION 1.6.18');
  });

  test('bytes that are no TLS harm nobody', async () => {
    const server = await started();
    const bystander = await connected(server);
    for (const garbage of ['get a\r\n', '\x16\x03\x01', '\x80\x0b', 'x'.repeat(70_000)]) {
      const socket = connectPlain(server.port, server.host);
      const gone = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => {});
      socket.write(garbage, () => socket.destroySoon());
      await gone;
    }
    expect(await version(bystander)).toBe('VERSION 1.6.18');
    const stats = await until('the failures are counted', async () => {
      const all = await exchange(bystander, 'stats\r\n', 'END\r\n');
      return /STAT ssl_handshake_errors [4-9]/.test(all) ? all : undefined;
    });
    expect(stats).toMatch(/STAT curr_connections 1\r\n/);
  });
});

test('slabring health asks by TLS', async () => {
  const server = await started();
  const ask = async (...args: readonly string[]) => {
    const host = new TestHost();
    const code = await run(['health', '-p', String(server.port), ...args], [healthVerb], host);
    return { code, said: host.said.join() };
  };
  expect(await ask('-Z')).toEqual({ code: 0, said: `127.0.0.1:${server.port} answers: 1.6.18` });
  expect((await ask('--patience', '500')).code).toBe(1);
});

describe('new certificates', () => {
  test('refresh_certs: open connections stay, new ones see the new certificate', async () => {
    const server = await started();
    const old = await connected(server);
    expect(nameOf(old)).toBe('first');
    await install(second);
    expect(await exchange(old, 'refresh_certs\r\n', '\r\n')).toBe('OK\r\n');
    await until('every thread shows the new one', async () => {
      const names = [];
      for (let i = 0; i < 6; i++) names.push(nameOf(await connected(server)));
      return names.every((name) => name === 'second') || undefined;
    });
    expect(await version(old)).toBe('VERSION 1.6.18');
    expect(nameOf(old)).toBe('first');
  });

  test('SIGHUP does the same; what is bad keeps the old', async () => {
    const server = await started();
    const old = await connected(server);
    await writeFile(live.key, 'no key');
    expect(await exchange(old, 'refresh_certs\r\n', '\r\n')).toMatch(/^Error The certificate/);
    process.kill(server.pid, 'SIGHUP');
    await until('it is logged', async () =>
      server.process.stderr.includes('the certificates stay as they were') ? true : undefined,
    );
    expect(nameOf(await connected(server))).toBe('first');
    await install(second);
    process.kill(server.pid, 'SIGHUP');
    await until('the new one is shown', async () =>
      nameOf(await connected(server)) === 'second' ? true : undefined,
    );
  });

  test('without TLS there are none', async () => {
    const server = await startSlabring();
    servers.push(server);
    const reply = await dialogue(server.address, 'refresh_certs\r\n');
    expect(reply.toString()).toBe('Error TLS not enabled\r\n');
  });
});

test('a node that cannot use its certificate does not start, and says why', async () => {
  const startWith = (...args: readonly string[]) => startSlabring({ args: ['-Z', ...args] });
  await expect(startWith()).rejects.toThrow(/ssl_chain_cert=<file>/);
  await expect(startWith('-o', 'ssl_chain_cert=none.pem')).rejects.toThrow(
    /none.pem cannot be read/,
  );
  const mixed = `ssl_chain_cert=${first.cert},ssl_key=${second.key}`;
  await expect(startWith('-o', mixed)).rejects.toThrow(/must be the one of the certificate/);
  await expect(startWith('-o', 'ssl_foo=1')).rejects.toThrow(/no suboption "ssl_foo"/);
});
