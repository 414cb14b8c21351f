import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Authority, type Identity } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { statsOf } from '../../support/stats.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawConnection } from '../../support/wire.ts';

/** The beginning of a TLS record. */
const HALF_A_HELLO = Buffer.from('16030102', 'hex');
/** A node without the fix notices the end of a client after the handshake timeout of 10 s. */
const SEEN_MS_MAX = 5000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ca: Buffer;
let identity: Identity;
const servers: TestServer[] = [];
const silent: Socket[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  const authority = await Authority.create(folder.path);
  identity = await authority.issue('node');
  ca = await readFile(authority.ca);
});
afterEach(async () => {
  for (const socket of silent.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => folder.remove());

async function serve(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args, tls: { identity, ca } });
  servers.push(server);
  return server;
}

/** Begins a handshake and says nothing more. */
async function connectSilently({ host, port }: TestServer): Promise<Socket> {
  const socket = connectPlain({ host, port, allowHalfOpen: true });
  silent.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(HALF_A_HELLO);
  return socket;
}

describe('handshakes whose clients are silent', () => {
  test('handshakes whose clients are silent do not keep honest clients out', async () => {
    const LIMIT = 20;
    const server = await serve('-t', '2', '--tls-handshakes', `${LIMIT}`);
    for (let i = 0; i < 5 * LIMIT; i++) await connectSilently(server);
    for (let i = 0; i < 20; i++) {
      const honest = await RawConnection.connect(server.address);
      expect((await honest.exchange('mn\r\n')).toString()).toBe('MN\r\n');
      honest.destroy();
    }
    const stats = await statsOf(server);
    expect(stats.get('ssl_handshakes_refused')).toBeGreaterThanOrEqual(4 * LIMIT);
    await waitUntil('the node logs the refusals', () =>
      /"handshakes":\d+,"msg":"closed connections/.test(server.process.stderr),
    );
  });

  test('handshakes whose clients have closed end at once, and free their places', async () => {
    const server = await serve('-t', '1', '--tls-handshakes', '1');
    for (let i = 0; i < 3; i++) {
      const gone = await connectSilently(server);
      gone.end();
      gone.resume();
      await waitUntil('the node closes', () => gone.closed || gone.readableEnded, SEEN_MS_MAX);
    }
    expect((await statsOf(server)).get('ssl_handshakes_refused')).toBe(0);
  });
});

test('the node refuses to renegotiate TLS 1.2', async () => {
  const server = await serve('-t', '1');
  const args = ['s_client', '-tls1_2', '-connect', `${server.host}:${server.port}`];
  const client = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = once(client, 'close');
  let output = '';
  for (const stream of [client.stdout, client.stderr]) {
    stream.on('data', (bytes) => {
      output += bytes;
    });
  }
  await waitUntil('the handshake is complete', () => output.includes('Verify return code'));
  client.stdin.write('R\n');
  await waitUntil('the node refuses', () => output.includes('no renegotiation'));
  client.stdin.end();
  await closed;
});
