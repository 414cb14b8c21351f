import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buffer, text as readText } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { LogRing } from '../../../src/base/log/log-ring.ts';
import { joiningView } from '../../../src/cluster/node/joining-view.ts';
import { ConnectionBound } from '../../../src/ops/admin/connections.ts';
import {
  type AdminActions,
  type AdminOptions,
  AdminServer,
  SnapshotRoutes,
} from '../../../src/ops/index.ts';
import { adminParts } from '../../support/admin-parts.ts';
import { act, ask } from '../../support/http.ts';
import { waitUntil } from '../../support/wait.ts';

const LOG = { ...silentLogger, ring: new LogRing() };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const OPTIONS: AdminOptions = {
  port: 0,
  host: '127.0.0.1',
  tokenFile: '',
  readTls: undefined,
  needsCertificate: false,
  requiresLogin: false,
};

/** The admin port of a node that does not run. */
async function openAdmin(
  actions: AdminActions = {},
  log = LOG,
  control: ConstructorParameters<typeof SnapshotRoutes>[1] = adminParts().control,
): Promise<AdminServer> {
  const admin = await AdminServer.open(OPTIONS, log);
  closers.push(() => admin.close());
  const { runGuest } = adminParts();
  const snapshots = new SnapshotRoutes(runGuest, control, 'test');
  admin.attach(adminParts(), { none: () => ({}), ...actions }, snapshots);
  return admin;
}

describe('an admin port', () => {
  test('the port refuses other paths, methods, hosts and bodies with a sentence', async () => {
    const { url } = await openAdmin();
    expect(await ask(`${url}/x`)).toMatchObject({
      status: 404,
      body: expect.stringMatching(/^\{"error":"There is no \/x here; there are .*\/metrics.*"\}\n/),
    });
    const post = await ask(`${url}/metrics`, { method: 'POST' });
    expect(post).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    const get = await ask(`${url}/actions/none`);
    expect(get).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    const rebound = await ask(`${url}/metrics`, { headers: { host: 'evil.example' } });
    expect(rebound.status).toBe(421);
    const form = await ask(`${url}/actions/none`, { method: 'POST', body: '{}' });
    expect(form.status).toBe(415);
    const page = await act(url, 'none', {}, { origin: 'http://127.0.0.1' });
    expect(page.status).toBe(403);
    expect((await act(url, 'none', [])).status).toBe(400);
    expect((await act(url, 'none', { text: 'x'.repeat(5000) })).status).toBe(413);
    expect((await act(url, 'constructor', {})).status).toBe(404);
    expect((await ask(`${url}/metrics`, { headers: { x: 'x'.repeat(9000) } })).status).toBe(431);
    expect((await act(url, 'none', {})).status).toBe(200);
  });

  test('a node that waits to join its cluster refuses a restore', async () => {
    const secret = Buffer.alloc(0);
    const view = joiningView({
      cluster: 'web',
      name: 'a',
      incarnation: 1,
      secret,
      publishes: false,
    });
    const { url, ownToken } = await openAdmin({}, LOG, { cluster: () => view });
    const authorization = `Bearer ${ownToken}`;
    const headers = { 'content-type': 'application/octet-stream', authorization };
    const options = { method: 'POST', body: 'SLABSNAP', headers };
    expect(await ask(`${url}/snapshot/restore`, options)).toMatchObject({
      status: 409,
      body: expect.stringContaining('This node waits to join the cluster web. Restore through'),
    });
  });

  test('an action that fails by a bug gets 500, and the port goes on', async () => {
    const fails = () => Promise.reject(new Error('a bug'));
    const { url } = await openAdmin({ fails });
    const answer = await act(url, 'fails', {});
    expect(answer).toMatchObject({ status: 500, body: '{"error":"The request failed: a bug"}\n' });
    expect((await ask(`${url}/healthz`)).status).toBe(200);
  });

  test('a client that goes away in the middle of its body is no failure of the port', async () => {
    const texts: string[] = [];
    const note = (_: object, text: string) => void texts.push(text);
    const { port } = await openAdmin({}, { ...LOG, info: note, error: note });
    const client = connect(port, '127.0.0.1');
    const type = 'content-type: application/json\r\ncontent-length: 9';
    client.write(`POST /actions/none HTTP/1.1\r\nhost: 127.0.0.1\r\n${type}\r\n\r\n{`);
    await waitUntil('the action begins', () => texts.includes('an admin action was requested'));
    client.destroy();
    await waitUntil('its end is logged', () => texts.length === 3);
    expect(texts[2]).toBe('the client of an admin request has gone');
  });

  test('a node that starts is alive, but not ready, and has no metrics', async () => {
    const admin = await AdminServer.open(OPTIONS, LOG);
    closers.push(() => admin.close());
    expect((await ask(`${admin.url}/healthz`)).status).toBe(200);
    const ready = await ask(`${admin.url}/readyz`);
    expect(ready).toMatchObject({ status: 503, body: '{"ready":false,"state":"starting"}\n' });
    const metrics = await ask(`${admin.url}/metrics`);
    expect(metrics).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });

  test('the port answers a limited number of requests at the same time', async () => {
    const release = Promise.withResolvers<object>();
    let waiting = 0;
    const slow = () => {
      waiting++;
      return release.promise;
    };
    const { url } = await openAdmin({ slow });
    const held = Array.from({ length: 8 }, () => act(url, 'slow', {}));
    await waitUntil('all of them wait', () => waiting === 8);
    const refused = await ask(`${url}/metrics`);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    release.resolve({});
    for (const { status } of await Promise.all(held)) expect(status).toBe(200);
    expect((await ask(`${url}/metrics`)).status).toBe(200);
  });

  test('a further connection ends the one that waits the longest, and is served', async () => {
    const { port } = await openAdmin();
    const open = async (): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1');
      closers.push(() => socket.destroy());
      await once(socket, 'connect');
      return socket;
    };
    const probe = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    const sockets: Socket[] = [];
    for (let nth = 0; nth < 16; nth++) sockets.push(await open());
    const [used, oldest, next] = sockets as [Socket, Socket, Socket];
    // Its next request begins a new wait; a half one does not.
    used.write(probe);
    await once(used, 'data');
    oldest.write('GET /healthz HTTP/1.1\r\n');
    const further = await open();
    // A time limit would close it with a reply.
    expect(await buffer(oldest)).toHaveLength(0);
    further.end('GET /healthz HTTP/1.0\r\n\r\n');
    expect(await readText(further)).toMatch(/^HTTP\/1\.1 200 OK/);
    for (const socket of [used, next]) {
      socket.write(probe);
      expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 OK/);
    }
  });

  test('a further connection is closed while all others have a request', async () => {
    const release = Promise.withResolvers<object>();
    let waiting = 0;
    const slow = () => {
      waiting++;
      return release.promise;
    };
    const bound = openBound(2, slow);
    const { port } = await bound;
    const held = [1, 2].map(() => ask(`http://127.0.0.1:${port}/`));
    await waitUntil('both wait', () => waiting === 2);
    const refused = connect(port, '127.0.0.1');
    refused.on('error', () => {});
    expect(await buffer(refused)).toHaveLength(0);
    release.resolve({});
    for (const { status } of await Promise.all(held)) expect(status).toBe(200);
  });
});

/** A server that replies to a request when `reply` resolves. */
async function openBound(max: number, reply: () => Promise<unknown>): Promise<{ port: number }> {
  const server = createServer((request, response) => {
    response.once('close', connections.begin(request).end);
    void reply().then(() => response.end());
  });
  const connections = new ConnectionBound(server, max);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return server.address() as AddressInfo;
}
