/** What a node runs of a cluster in its worker threads, and how its main thread reaches it. */
import { expect, test } from 'vitest';
import { defaultServerOptions, startNode } from '../../../src/node/index.ts';
import { freePort } from '../../support/ports.ts';
import { WORD } from '../../support/thread-cluster-module.ts';
import { RawConnection } from '../../support/wire.ts';

const MODULE = new URL('../../support/thread-cluster-module.ts', import.meta.url);

async function startInCluster(module = MODULE) {
  const share = new SharedArrayBuffer(8);
  const messages: unknown[] = [];
  const port = await freePort();
  const options = { ...defaultServerOptions(), port, listen: ['127.0.0.1'], threads: 2 };
  const told = (message: unknown) => `${messages.push(message)}`;
  const node = await startNode(options, { cluster: { module, share, argument: 'first', told } });
  const connection = await RawConnection.connect({ host: '127.0.0.1', port });
  return { node, connection, messages, words: new Int32Array(share) };
}

test('each thread creates its cluster, starts it before it serves, and ends it', async () => {
  const { node, connection, messages, words } = await startInCluster();
  expect(words[WORD.started]).toBe(2);
  expect([...messages].sort()).toEqual(['thread 0 of 2 starts', 'thread 1 of 2 starts']);
  const reply = await connection.exchange('set a 0 0 1\r\nx\r\nget a\r\n');
  expect(reply.toString()).toBe('STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n');
  connection.destroy();
  await node.stop();
  await node.ended;
  expect(words[WORD.ended]).toBe(2);
  expect(messages.slice(2).sort()).toEqual(['thread 0 ends', 'thread 1 ends']);
});

test('the main thread reaches the clusters of all threads', async () => {
  const { node, connection } = await startInCluster();
  await connection.exchange('set a 0 0 1\r\nx\r\n');
  expect([...(await node.cluster.adopt('second'))].sort()).toEqual([0, 1]);
  const reports = await node.cluster.report('get a\r\n');
  const reply = 'VALUE a 0 1\r\nx\r\nEND\r\n';
  expect(new Set(reports)).toEqual(
    new Set([
      { adopted: ['first', '1', 'second'], reply },
      { adopted: ['first', '2', 'second'], reply },
    ]),
  );
  const failure = { name: 'CodedError', code: 'ERR_TOPOLOGY', message: 'The topology is bad.' };
  await expect(node.cluster.adopt('bad')).rejects.toMatchObject(failure);
  connection.destroy();
  await node.stop();
});

test('a client may not change what a node says of its cluster', async () => {
  const { node, connection } = await startInCluster();
  const refused = 'CLIENT_ERROR config of cluster not allowed: its list is given at the start\r\n';
  const change = (name: string) =>
    connection.exchange(`config set ${name} 0 10\r\n99\nevil||1\r\n`).then(String);
  expect(await change('cluster')).toBe(refused);
  expect(await change('topology')).toBe(refused);
  expect(await change('other')).toBe('STORED\r\n');
  connection.destroy();
  await node.stop();
});

test('a node whose module does not exist does not start', async () => {
  const missing = new URL('missing-module.ts', MODULE);
  await expect(startInCluster(missing)).rejects.toThrow('missing-module.ts');
});
