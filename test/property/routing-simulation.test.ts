/**
 * The routes of a client over simulated nodes, network and time: a read may miss, but it never
 * returns a stale value (docs/consistency.md). SCHEDULES=5000 runs longer.
 */
import { describe, expect, test } from 'vitest';
import { Random, testSeed } from '../support/random.ts';
import { ROUTES, type RouteName, simulationOf } from '../support/simulation/routes.ts';
import { type ScheduleMode, Simulation } from '../support/simulation/simulation.ts';
import { GUARDS } from './routing-guards.ts';

const seed = testSeed();
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 5);

/** One schedule of one route: `nth` of `seed`. */
interface Schedule {
  readonly route: RouteName;
  /** The number of operations that the client may have in flight at once. */
  readonly limit: number;
  readonly seed: number;
  readonly nth: number;
  readonly mode: ScheduleMode;
}

/** Runs one schedule; returns the number of hits. */
async function check({ route, limit, seed, nth, mode }: Schedule): Promise<number> {
  const options = simulationOf(route, limit, mode);
  const simulation = new Simulation(options, new Random(seed).fork(nth));
  const violation = await simulation.run();
  if (violation === undefined) return simulation.hits;
  const end = simulation.log.findIndex((line) => /VIOLATION/.test(line)) + 1;
  const events = simulation.log.slice(0, end).join('\n');
  throw new Error(`schedule ${nth} of seed ${seed}: ${violation}\n${events}`);
}

describe.each(Object.keys(ROUTES) as RouteName[])(`routes with %s (seed ${seed})`, (route) => {
  test.each([
    { limit: 1, mode: 'calm' },
    { limit: 5, mode: 'calm' },
    { limit: 3, mode: 'hot' },
    { limit: 5, mode: 'swarm' },
  ] as const)('no read returns a stale value, $limit operations at once, $mode', async (given) => {
    let hits = 0;
    for (let nth = 0; nth < SCHEDULES; nth++) hits += await check({ route, seed, nth, ...given });
    expect(hits).toBeGreaterThan(0);
  });
});

describe.each(Object.keys(GUARDS) as RouteName[])('guards of routes with %s', (route) => {
  test.each(GUARDS[route] ?? [])('%s', async (_, limit, seed, nth, mode) => {
    await check({ route, limit, seed, nth, mode });
  });
});
