/**
 * The client's routes over nodes, a network and a time that are simulated: what is read may be missing, but is
 * never old (docs/routing.md, "What is never read"). SCHEDULES=5000 looks longer.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ClientOptions } from '../../src/client.ts';
import { Random, testSeed } from '../support/random.ts';
import type { ListChanges } from '../support/simulation/lists.ts';
import { Simulation } from '../support/simulation/simulation.ts';

vi.mock('../../src/client/connection/socket.ts', async () => {
  const { openSimulated } = await import('../support/simulation/network.ts');
  return { openSocket: openSimulated, abandon: (): void => {} };
});

const seed = testSeed();
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 10);
const nodes = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'];
const gutter = ['127.0.0.1:4'];
/** Where the list of them changes. */
const many = [...nodes, '127.0.0.1:5'];
const previousOwner = { graceSeconds: 3600 };

interface SimulatedRoute {
  readonly client: Partial<ClientOptions>;
  readonly changes?: ListChanges;
}

const ROUTES = {
  'two copies': { client: { replicas: 2 } },
  'three copies': { client: { replicas: 3 } },
  'stand-ins': { client: { failover: 'next' } },
  'a gutter': { client: { failover: { gutter } } },
  'two copies and stand-ins': { client: { replicas: 2, failover: 'next' } },
  'previous owners': { client: { previousOwner }, changes: 'any' },
  'previous owners and two copies': { client: { previousOwner, replicas: 2 }, changes: 'any' },
  'previous owners and stand-ins': { client: { previousOwner, failover: 'next' }, changes: 'any' },
  'previous owners and a gutter': {
    client: { previousOwner, failover: { gutter } },
    changes: 'any',
  },
  'previous owners, copies and stand-ins': {
    client: { previousOwner, replicas: 2, failover: 'next' },
    changes: 'any',
  },
  'more nodes, and a grace that ends': {
    client: { previousOwner: { graceSeconds: 1 }, replicas: 2 },
    changes: 'growing',
  },
  'more nodes': { client: {}, changes: 'growing' },
  'more nodes and two copies': { client: { replicas: 2 }, changes: 'growing' },
  'more nodes and a gutter': { client: { failover: { gutter } }, changes: 'growing' },
  'fewer nodes, two copies and stand-ins': {
    client: { replicas: 2, failover: 'next' },
    changes: 'shrinking',
  },
} as const satisfies Record<string, SimulatedRoute>;
type RouteName = keyof typeof ROUTES;

const { performance, setTimeout, clearTimeout } = globalThis;
afterEach(() => {
  Object.assign(globalThis, { performance, setTimeout, clearTimeout });
});

/** Runs one schedule; returns how often something was found. */
async function check(
  name: RouteName,
  concurrent: number,
  from: number,
  nth: number,
): Promise<number> {
  const { client, changes }: SimulatedRoute = ROUTES[name];
  const spare = typeof client.failover === 'object' ? gutter : [];
  const owners = changes === undefined ? nodes : many;
  const options = { client, nodes: owners, gutter: spare, concurrent, changes };
  const simulation = new Simulation(options, new Random(from).fork(nth));
  const wrong = await simulation.run();
  if (wrong !== undefined) {
    const story = simulation.log.slice(
      0,
      simulation.log.findIndex((each) => /WRONG/.test(each)) + 1,
    );
    throw new Error(`schedule ${nth} of seed ${from}: ${wrong}\n${story.join('\n')}`);
  }
  return simulation.hits;
}

describe.each(Object.keys(ROUTES) as RouteName[])(`%s, simulated (seed ${seed})`, (name) => {
  test.each([1, 5])('nothing that is read is old, %i at once', async (concurrent) => {
    let hits = 0;
    for (let nth = 0; nth < SCHEDULES; nth++) hits += await check(name, concurrent, seed, nth);
    expect(hits).toBeGreaterThan(0);
  });
});

/** Schedules that failed before, or fail when what they are named for is taken out of the client. */
const found = [
  ['a cleanup is sent again in front of its reads', 'two copies and stand-ins', 3, 100, 161],
  ['a copy that a set or a delete overtook is not stored', 'two copies', 3, 100, 86],
  [
    'what was evicted in the middle of a change is forgotten by the others',
    'two copies',
    1,
    100,
    292,
  ],
  ['where stand-ins hold a key outlives the list', 'previous owners and a gutter', 3, 5, 1],
  ['a former owner that fails a delete forgets', 'previous owners and a gutter', 3, 5, 77],
  ['what was overtaken is not brought over', 'previous owners and a gutter', 3, 5, 163],
  ['more than one former list is remembered', 'previous owners and a gutter', 3, 5, 137],
  ['a read that outlasts its list repairs nothing', 'previous owners and a gutter', 3, 5, 172],
  ['a copy that outlasts its list is not stored', 'previous owners and a gutter', 3, 5, 193],
  ['what is called off asks no stand-in', 'previous owners and stand-ins', 3, 5, 255],
] as const satisfies readonly (readonly [string, RouteName, number, number, number])[];

test.each(found)('%s', async (_, name, concurrent, from, nth) => {
  await check(name, concurrent, from, nth);
});
