/** Requests that meet nodes with older and newer topologies, and nodes that have died. */
import { afterEach, expect, test } from 'vitest';
import type { ClusterTopology, Member } from '../../../src/topology/index.ts';
import { FixedCluster } from '../../support/fixed-cluster.ts';
import { exchangeOnce } from '../../support/wire.ts';

let cluster: FixedCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function start(): Promise<FixedCluster> {
  cluster = await FixedCluster.start({ threads: 1 });
  return cluster;
}

const ask = (started: FixedCluster, nth: number, requests: string): Promise<string> =>
  exchangeOnce(started.nodes[nth]!.address, requests);

/** The next topology, in which the nth member is another. */
function changed(
  { topology }: FixedCluster,
  nth: number,
  fields: Partial<Member>,
): ClusterTopology {
  const { version, members } = topology;
  const change = (member: Member, at: number): Member =>
    at === nth ? { ...member, ...fields } : member;
  return { ...topology, version: version + 1, members: members.map(change) };
}

test('a node with an older topology asks the new primary once it has the newer one', async () => {
  const started = await start();
  const key = started.keyAt(2);
  const next = changed(started, 2, { weight: 0 });
  for (const nth of [1, 2]) await started.nodes[nth]!.adopt(next);
  let reply: string | undefined;
  const asked = ask(started, 0, `set ${key} 0 0 1\r\nx\r\n`).then((text) => {
    reply = text;
  });
  await expect.poll(() => isWaiting(started, 0)).toBe(true);
  expect(reply).toBeUndefined();
  await started.nodes[0]!.adopt(next);
  await asked;
  expect(reply).toBe('STORED\r\n');
  const value = `VALUE ${key} 0 1\r\nx\r\nEND\r\n`;
  for (const nth of [0, 1, 2]) expect(await ask(started, nth, `get ${key}\r\n`)).toBe(value);
});

/** Whether the node has a request that waits for a newer topology. */
async function isWaiting(started: FixedCluster, nth: number): Promise<boolean> {
  const reports = await started.nodes[nth]!.report();
  return reports.some(({ numbers }) => numbers.forwards_waiting > 0);
}

test('a request with a newer topology waits at the new primary until it adopts that', async () => {
  const started = await start();
  const key = started.keyAt(2);
  const next = changed(started, 2, { weight: 0 });
  await started.nodes[0]!.adopt(next);
  const asked = ask(started, 0, `set ${key} 0 0 1\r\nx\r\n`);
  for (const nth of [1, 2]) await started.nodes[nth]!.adopt(next);
  expect(await asked).toBe('STORED\r\n');
});

test('a request to a node that has died is answered by the next primary', async () => {
  const started = await start();
  const key = started.keyAt(2);
  await started.nodes[2]!.node.stop();
  const asked = ask(started, 0, `set ${key} 0 0 1\r\nx\r\nget ${key}\r\n`);
  const next = changed(started, 2, { state: 'down' });
  for (const nth of [0, 1]) await started.nodes[nth]!.adopt(next);
  expect(await asked).toBe(`STORED\r\nVALUE ${key} 0 1\r\nx\r\nEND\r\n`);
});

test('a request to a node that stays dead fails with a sentence that names it', async () => {
  const started = await start();
  const { member, node } = started.nodes[2]!;
  await node.stop();
  const reply = await ask(started, 0, `get ${started.keyAt(2)}\r\nget ${started.keyAt(0)}\r\n`);
  const sentence = `SERVER_ERROR the node ${member.address}, which has this key, does not answer: `;
  expect(reply.startsWith(sentence)).toBe(true);
  expect(reply.endsWith('\r\nEND\r\n')).toBe(true);
});
