import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { AdminClient } from '../../../../src/cli/admin/admin-client.ts';
import { freePort } from '../../../support/ports.ts';
import { startScripted } from '../../../support/scripted-http.ts';

const NO_ACCESS = { token: undefined, ca: undefined, records: [] };

test('a port that refuses, or has no TLS, is a sentence that says what to do', async () => {
  const port = await freePort();
  const absent = new AdminClient(`http://127.0.0.1:${port}`, NO_ACCESS).dump({});
  await expect(absent).rejects.toThrow(
    /: connection refused\. Start a node with this --admin-port/,
  );
  const plain = await startScripted(() => ({ status: 200, body: '' }));
  const url = plain.url.replace('http:', 'https:');
  const dump = new AdminClient(url, NO_ACCESS).dump({});
  await expect(dump).rejects.toThrow(/: it does not speak TLS\. Use http:\/\/ in place/);
  await plain.stop();
});

test('a node of a version without /log says so, and what to do', async () => {
  const body = JSON.stringify({ error: 'There is no /log here; there are /metrics.' });
  const old = await startScripted(() => ({ status: 404, body }));
  const client = new AdminClient(old.url, NO_ACCESS);
  const query = { lines: 1, level: 'info', follow: false } as const;
  const log = client.log(query, new AbortController().signal);
  await expect(log).rejects.toThrow(
    /^The admin port .*: the version of its node has no log to follow\. Start the node again with/,
  );
  await old.stop();
});

const INFO = { name: 'slabring_cluster_info', points: [{ value: 1 }] };
const MEMBERS = { name: 'slabring_cluster_members', points: [{ value: 1 }, { value: 2 }] };

test.each([
  ['of no cluster', [], undefined],
  ['that waits to join a cluster', [INFO], 0],
  ['of a cluster', [INFO, MEMBERS], 3],
])('a node %s tells how many members it has', async (_, metrics, members) => {
  const node = await startScripted(() => ({ status: 200, body: JSON.stringify({ metrics }) }));
  expect(await new AdminClient(node.url, NO_ACCESS).clusterMembers()).toBe(members);
  await node.stop();
});

test('a port that refuses a restore before it has read it says why', async () => {
  const server = createServer((_, response) => {
    response.writeHead(409, { connection: 'close' });
    response.end('{"error":"Another restore is running."}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new AdminClient(`http://127.0.0.1:${port}`, NO_ACCESS);
  const { request, outcome } = await client.restore(false);
  const failure = expect(outcome).rejects.toThrow('Another restore is running.');
  // The end of the connection is an error of the request, before its reply has been read.
  request.once('response', () => request.emit('error', new Error('the connection has ended')));
  request.write('SLABSNAP');
  await failure;
  server.close();
});
