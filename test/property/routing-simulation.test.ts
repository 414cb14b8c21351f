/**
 * The routes of a client over simulated nodes, network and time: a read may miss, but it never
 * returns a stale value (docs/consistency.md). SCHEDULES=5000 runs longer.
 */
import { describe, expect, test } from 'vitest';
import { Random, testSeed } from '../support/random.ts';
import { ROUTES, type RouteName, simulationOf } from '../support/simulation/routes.ts';
import { Simulation } from '../support/simulation/simulation.ts';
import { GUARDS } from './routing-guards.ts';

const seed = testSeed();
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 10);

/** One schedule of one route: `nth` of `seed`. */
interface Schedule {
  readonly route: RouteName;
  /** The number of operations that the client may have in flight at once. */
  readonly limit: number;
  readonly seed: number;
  readonly nth: number;
  /** Whether most operations use one key, which nodes often evict and callers often cancel. */
  readonly isHot: boolean;
}

/** Runs one schedule; returns the number of hits. */
async function check({ route, limit, seed, nth, isHot }: Schedule): Promise<number> {
  const options = simulationOf(route, limit, isHot);
  const simulation = new Simulation(options, new Random(seed).fork(nth));
  const violation = await simulation.run();
  if (violation === undefined) return simulation.hits;
  const end = simulation.log.findIndex((line) => /VIOLATION/.test(line)) + 1;
  const events = simulation.log.slice(0, end).join('\n');
  throw new Error(`schedule ${nth} of seed ${seed}: ${violation}\n${events}`);
}

describe.each(Object.keys(ROUTES) as RouteName[])(`routes with %s (seed ${seed})`, (route) => {
  test.each([
    { limit: 1, isHot: false },
    { limit: 5, isHot: false },
    { limit: 3, isHot: true },
  ])('no read returns a stale value, $limit operations at once, hot: $isHot', async (given) => {
    let hits = 0;
    for (let nth = 0; nth < SCHEDULES; nth++) hits += await check({ route, seed, nth, ...given });
    expect(hits).toBeGreaterThan(0);
  });
});

describe.each(Object.keys(GUARDS) as RouteName[])('guards of routes with %s', (route) => {
  test.each(GUARDS[route] ?? [])('%s', async (_, limit, seed, nth, isHot) => {
    await check({ route, limit, seed, nth, isHot });
  });
});
