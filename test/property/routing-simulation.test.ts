/**
 * The routes of a client over simulated nodes, network and time: a read may miss, but it never
 * returns a stale value (docs/routing.md, "Consistency guarantees"). SCHEDULES=5000 runs longer.
 */
import { describe, expect, test } from 'vitest';
import type { ClientOptions } from '../../src/client.ts';
import { Random, testSeed } from '../support/random.ts';
import { Simulation } from '../support/simulation/simulation.ts';
import type { TopologyChanges } from '../support/simulation/topologies.ts';

const seed = testSeed();
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 10);
const nodes = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'];
const gutter = ['127.0.0.1:4'];
/** The nodes of the routes whose topology changes. */
const growingNodes = [...nodes, '127.0.0.1:5'];
const previousOwner = { graceSeconds: 3600 };

interface SimulatedRoute {
  readonly client: Partial<ClientOptions>;
  readonly changes?: TopologyChanges;
}

const ROUTES = {
  'two replicas': { client: { replicas: 2 } },
  'three replicas': { client: { replicas: 3 } },
  'failover nodes': { client: { failover: 'next' } },
  'gutter nodes': { client: { failover: { gutter } } },
  'two replicas and failover nodes': { client: { replicas: 2, failover: 'next' } },
  'previous owners': { client: { previousOwner }, changes: 'any' },
  'previous owners and two replicas': { client: { previousOwner, replicas: 2 }, changes: 'any' },
  'previous owners and failover nodes': {
    client: { previousOwner, failover: 'next' },
    changes: 'any',
  },
  'previous owners and gutter nodes': {
    client: { previousOwner, failover: { gutter } },
    changes: 'any',
  },
  'previous owners, replicas and failover nodes': {
    client: { previousOwner, replicas: 2, failover: 'next' },
    changes: 'any',
  },
  'a growing cluster and a short grace': {
    client: { previousOwner: { graceSeconds: 1 }, replicas: 2 },
    changes: 'growing',
  },
  'a growing cluster': { client: {}, changes: 'growing' },
  'a growing cluster and two replicas': { client: { replicas: 2 }, changes: 'growing' },
  'a growing cluster and gutter nodes': { client: { failover: { gutter } }, changes: 'growing' },
  'a shrinking cluster, two replicas and failover nodes': {
    client: { replicas: 2, failover: 'next' },
    changes: 'shrinking',
  },
} as const satisfies Record<string, SimulatedRoute>;
type RouteName = keyof typeof ROUTES;

/** Runs one schedule; returns the number of hits. */
async function check(
  name: RouteName,
  maxConcurrent: number,
  from: number,
  nth: number,
): Promise<number> {
  const { client, changes }: SimulatedRoute = ROUTES[name];
  const gutterNodes = typeof client.failover === 'object' ? gutter : [];
  const owners = changes === undefined ? nodes : growingNodes;
  const options = {
    client,
    nodes: owners,
    gutter: gutterNodes,
    maxConcurrent,
    topologyChanges: changes,
  };
  const simulation = new Simulation(options, new Random(from).fork(nth));
  const violation = await simulation.run();
  if (violation !== undefined) {
    const events = simulation.log.slice(
      0,
      simulation.log.findIndex((each) => /VIOLATION/.test(each)) + 1,
    );
    throw new Error(`schedule ${nth} of seed ${from}: ${violation}\n${events.join('\n')}`);
  }
  return simulation.hits;
}

describe.each(Object.keys(ROUTES) as RouteName[])(`routes with %s (seed ${seed})`, (name) => {
  test.each([1, 5])('no read returns a stale value, %i operations at once', async (limit) => {
    let hits = 0;
    for (let nth = 0; nth < SCHEDULES; nth++) hits += await check(name, limit, seed, nth);
    expect(hits).toBeGreaterThan(0);
  });
});

/** Schedules that failed before, or that fail without the rule that their title names. */
const regressions = [
  [
    'the client resends the delete of a stale key before the reads behind it',
    'two replicas and failover nodes',
    3,
    100,
    161,
  ],
  ['the client stores no copy that a set or a delete invalidated', 'two replicas', 3, 100, 86],
  [
    'other replicas invalidate a key that the primary evicts during an update',
    'two replicas',
    1,
    100,
    292,
  ],
  [
    'the memory of failover writes survives a change of the topology',
    'previous owners and gutter nodes',
    3,
    5,
    1,
  ],
  [
    'a previous owner whose delete failed invalidates the key',
    'previous owners and gutter nodes',
    3,
    5,
    77,
  ],
  [
    'the owner receives no invalidated copy from a previous owner',
    'previous owners and gutter nodes',
    3,
    5,
    163,
  ],
  [
    'the client remembers more than one previous placement',
    'previous owners and gutter nodes',
    3,
    5,
    137,
  ],
  ['a read of a superseded epoch repairs nothing', 'previous owners and gutter nodes', 3, 5, 172],
  [
    'the client stores no copy of a superseded epoch',
    'previous owners and gutter nodes',
    3,
    5,
    193,
  ],
  ['a cancelled operation asks no failover node', 'previous owners and failover nodes', 3, 5, 255],
  [
    'a read from replicas repairs nothing in a superseded epoch',
    'a growing cluster and two replicas',
    5,
    11,
    12,
  ],
] as const satisfies readonly (readonly [string, RouteName, number, number, number])[];

test.each(regressions)('%s', async (_, name, maxConcurrent, from, nth) => {
  await check(name, maxConcurrent, from, nth);
});
