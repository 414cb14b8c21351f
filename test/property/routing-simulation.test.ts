/**
 * The client's routes over nodes, a network and a time that are simulated: what is read may be missing, but is
 * never old (docs/routing.md, "What is never read"). SCHEDULES=5000 looks longer.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ClientOptions } from '../../src/client.ts';
import { Random, testSeed } from '../support/random.ts';
import { Simulation } from '../support/simulation/simulation.ts';

vi.mock('../../src/client/connection/socket.ts', async () => {
  const { openSimulated } = await import('../support/simulation/network.ts');
  return { openSocket: openSimulated, abandon: (): void => {} };
});

const seed = testSeed();
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 20);
const nodes = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'];
const gutter = ['127.0.0.1:4'];

const ROUTES = {
  'two copies': { replicas: 2 },
  'three copies': { replicas: 3 },
  'stand-ins': { failover: 'next' },
  'a gutter': { failover: { gutter } },
  'two copies and stand-ins': { replicas: 2, failover: 'next' },
} as const satisfies Record<string, Partial<ClientOptions>>;
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
  const spare = name === 'a gutter' ? gutter : [];
  const options = { client: ROUTES[name], nodes, gutter: spare, concurrent };
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
  test.each([1, 3])('nothing that is read is old, %i at once', async (concurrent) => {
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
] as const satisfies readonly (readonly [string, RouteName, number, number, number])[];

test.each(found)('%s', async (_, name, concurrent, from, nth) => {
  await check(name, concurrent, from, nth);
});
