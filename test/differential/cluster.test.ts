/** A client that asks one node of a cluster gets the replies of a node that has all keys. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FixedCluster } from '../support/fixed-cluster.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';
import { type Address, RawConnection, sendAndReadToEnd } from '../support/wire.ts';
import { repliesOf } from './binary/scenario.ts';
import { SCENARIOS } from './binary/scenarios.ts';
import { SCRIPTS } from './cases/index.ts';
import { ReplyNormaliser } from './reply.ts';

/** After a flush, all nodes draw the same CAS ids next; a script stores fewer items than this. */
const WRITES_APART = 500;

let cluster: FixedCluster;
let alone: TestServer;
/** One connection to each node, then one to the node alone. */
let connections: readonly RawConnection[];
beforeAll(async () => {
  [cluster, alone] = await Promise.all([FixedCluster.start(), startSlabring()]);
  const addresses = [...cluster.nodes.map(({ address }) => address), alone.address];
  connections = await Promise.all(addresses.map((address) => RawConnection.connect(address)));
});
afterAll(async () => {
  for (const connection of connections ?? []) connection.destroy();
  await Promise.all([cluster?.stop(), alone?.stop()]);
});

/** Empties all nodes, and lets each draw other CAS ids than the others. */
async function reset(): Promise<void> {
  for (const connection of [connections[0]!, connections.at(-1)!]) {
    expect((await connection.exchange('flush_all\r\n')).toString()).toBe('OK\r\n');
  }
  const writes = cluster.nodes.map((_, nth) => {
    const key = cluster.keyAt(nth, 'apart');
    const set = `set ${key} 0 0 1 noreply\r\nx\r\n`;
    return `${set.repeat(nth * WRITES_APART)}delete ${key} noreply\r\n`;
  });
  await Promise.all(writes.map((requests, nth) => connections[nth]!.exchange(requests)));
}

/** The replies to the steps, each on a connection of its own. */
async function replies(address: Address, steps: readonly string[]): Promise<readonly string[]> {
  const normaliser = new ReplyNormaliser();
  const found: string[] = [];
  for (const step of steps) {
    const casOf = (_: string, key: string): string => normaliser.lastCasOf(key);
    const bytes = Buffer.from(step.replace(/\{cas ([^}]+)\}/g, casOf), 'latin1');
    found.push(normaliser.normalise(await sendAndReadToEnd(address, bytes)));
  }
  return found;
}

/** Runs the same on one node of the cluster and on the node alone. */
async function compare(run: (address: Address) => Promise<readonly string[]>): Promise<void> {
  await reset();
  const [ours, expected] = await Promise.all([run(cluster.nodes[0]!.address), run(alone.address)]);
  expect(ours).toEqual(expected);
}

describe('one node of three replies as a node alone', () => {
  for (const [group, scripts] of Object.entries(SCRIPTS)) {
    test.for(scripts)(`${group}: $name`, ({ steps }) =>
      compare((address) => replies(address, steps)),
    );
    const bursts = scripts.filter(({ steps }) => !steps.some((step) => step.includes('{cas ')));
    test.for(bursts)(`${group}: $name, in one burst`, ({ steps }) =>
      compare((address) => replies(address, [steps.join('')])),
    );
  }
  test.for(SCENARIOS)('binary: $name', ({ bursts }) =>
    compare((address) => repliesOf(address, bursts)),
  );
});
