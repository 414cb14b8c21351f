import type { Random } from '../random.ts';
import type { RequestMix } from './client.ts';
import type { ClusterOptions } from './membership.ts';

export const FAULTS = [
  ...(['cut', 'dark', 'freeze', 'stall', 'kill', 'join', 'leave', 'replace'] as const),
  ...(['evict', 'outage', 'cutOff', 'forget'] as const),
] as const;
export type Fault = (typeof FAULTS)[number];

/** How fast things happen, in milliseconds. */
interface Tempo {
  /** How long clients ask and faults happen. */
  readonly runMs: number;
  readonly thinkMs: number;
  /** The time between two faults, at most. */
  readonly pauseMs: number;
  /** How long a fault lasts, at most. */
  readonly faultMs: number;
}

/** One cluster, its clients, and what goes wrong. */
export interface Scenario extends ClusterOptions, Tempo {
  /** Who keeps the topology: a supervisor, which sees the ends of processes, or etcd. */
  readonly membership: 'supervisor' | 'leases';
  readonly clients: number;
  readonly keys: number;
  readonly mix: RequestMix;
  /** The bytes of some values; 0: all are small. */
  readonly largeBytes: number;
  /** What goes wrong, and how often beside the others. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  /** Whether nodes may die while others have not been filled yet: then keys may get lost. */
  readonly mayLose: boolean;
}

const MIX: RequestMix = {
  ...{ get: 5, getAll: 1, set: 3, add: 1, incr: 4, delete: 1, cas: 2, flush: 0, peek: 0 },
};

/** How often a client reads at any holder, beside its other requests. */
const PEEKS = 12;

/** The times of a supervisor, which sees the end of a process at once. */
const QUICK: Tempo = { runMs: 240, thinkMs: 4, pauseMs: 25, faultMs: 60 };
/** Leases end after seconds. */
const SLOW: Tempo = { runMs: 14_000, thinkMs: 250, pauseMs: 2500, faultMs: 8000 };

const SAFE: Pick<Scenario, 'mayLose' | 'replicas' | 'replication' | 'membership' | 'readsCopies'> =
  {
    ...{ mayLose: false, replicas: 2, replication: 'sync', membership: 'supervisor' },
    readsCopies: false,
  };

/** Some of the faults, so that the others happen more often: no two seeds are alike. */
function someOf(random: Random, faults: Scenario['faults']): Scenario['faults'] {
  const kept = Object.entries(faults).filter(() => !random.oneIn(3));
  return kept.length === 0 ? faults : Object.fromEntries(kept);
}

/** The size of a cluster, and what differs from seed to seed. */
function sizeOf(random: Random) {
  return {
    nodes: random.int(3, 4),
    threads: random.int(1, 2),
    clients: random.int(2, 4),
    keys: random.int(2, 3),
    mix: {
      ...MIX,
      ...(random.oneIn(4) ? { flush: 0.4 } : {}),
      ...(random.oneIn(3) ? { delete: 4 } : {}),
      ...(random.oneIn(3) ? { incr: 8, cas: 4 } : {}),
    },
    ttl: 0,
    largeBytes: random.oneIn(10) ? 20_000 : 0,
    zones: random.oneIn(5) ? 2 : 0,
    weighted: random.oneIn(5),
  };
}

const ALL: Scenario['faults'] = {
  ...{ cut: 2, dark: 1, freeze: 1, stall: 2, kill: 2, join: 2, leave: 2, replace: 1 },
};

const LEASED: Scenario['faults'] = {
  ...{ cut: 1, dark: 2, freeze: 2, stall: 1, kill: 2, join: 1, leave: 1, replace: 1 },
  ...{ outage: 1, cutOff: 2, forget: 1 },
};

/** A cluster whose nodes answer gets by their copies, two or three of each key. */
function readingCopies(
  random: Random,
  scenario: Omit<Scenario, 'faults'>,
  faults: Scenario['faults'],
): Scenario {
  return {
    ...{ ...scenario, readsCopies: true, replicas: random.int(2, 3) },
    mix: { ...scenario.mix, peek: PEEKS, get: 2 },
    faults: someOf(random, faults),
  };
}

/** What can happen to a cluster, by name. */
export const SCENARIOS = {
  network: (random) => ({
    ...{ ...SAFE, ...QUICK, ...sizeOf(random) },
    faults: { cut: 2, dark: 2, freeze: 2, stall: 1 },
  }),
  ring: (random) => ({
    ...{ ...SAFE, ...QUICK, ...sizeOf(random) },
    faults: { stall: 1, join: 2, leave: 2, replace: 1 },
  }),
  deaths: (random) => ({
    ...{ ...SAFE, ...QUICK, ...sizeOf(random) },
    faults: { stall: 1, kill: 2 },
  }),
  all: (random) => ({
    ...{ ...SAFE, ...QUICK, ...sizeOf(random) },
    faults: someOf(random, ALL),
  }),
  /** Three copies of each key; a full node evicts. */
  evictions: (random) => ({
    ...{ ...SAFE, ...QUICK, ...sizeOf(random), replicas: random.int(2, 3) },
    faults: { ...someOf(random, ALL), evict: 3 },
  }),
  /** Nodes answer gets by their copies. */
  copies: (random) => readingCopies(random, { ...SAFE, ...QUICK, ...sizeOf(random) }, ALL),
  /** The same in a cluster that etcd keeps. */
  leasedCopies: (random) => ({
    ...readingCopies(random, { ...SAFE, ...SLOW, ...sizeOf(random) }, LEASED),
    ...{ membership: 'leases', threads: 1 },
  }),
  /** One copy of each key: a death loses keys, and revives none. */
  single: (random) => ({
    ...{ ...SAFE, ...QUICK, ...sizeOf(random), replicas: 1, mayLose: true },
    faults: someOf(random, ALL),
  }),
  /** A death may lose the last changes. */
  async: (random) => ({
    ...{ ...SAFE, ...QUICK, ...sizeOf(random), replication: 'async' },
    faults: someOf(random, ALL),
  }),
  /** Items expire, at all holders. */
  expiry: (random) => ({
    ...{ ...SAFE, ...SLOW, ...sizeOf(random), ttl: random.int(1, 3), threads: 1 },
    faults: someOf(random, ALL),
  }),
  /** The topology is in etcd, and nodes answer by promises. */
  leases: (random) => ({
    ...{ ...SAFE, ...SLOW, ...sizeOf(random), membership: 'leases', threads: 1 },
    faults: someOf(random, LEASED),
  }),
  /** Nodes lose etcd one after the other, and reach each other. */
  apart: (random) => ({
    ...{ ...SAFE, ...SLOW, ...sizeOf(random), membership: 'leases', threads: 1, mayLose: true },
    ...{ thinkMs: 120, pauseMs: 1800, faults: { cutOff: 4, kill: random.oneIn(3) ? 1 : 0 } },
  }),
  /** The cluster begins, and nothing goes wrong. */
  begin: (random) => ({
    ...{ ...SAFE, ...SLOW, ...sizeOf(random), membership: 'leases', threads: 1 },
    ...{ runMs: 3000, thinkMs: 20, faults: {} },
  }),
  /** The same with deaths at any moment: two holders may die at once. */
  losses: (random) => ({
    ...{
      ...SAFE,
      ...SLOW,
      ...sizeOf(random),
      membership: 'leases',
      threads: 1,
      mayLose: true,
      clients: 2,
    },
    faults: someOf(random, {
      ...{ dark: 2, freeze: 2, kill: 3, join: 1, leave: 1, outage: 1, cutOff: 2, forget: 1 },
    }),
  }),
} as const satisfies Readonly<Record<string, (random: Random) => Scenario>>;

export type ScenarioName = keyof typeof SCENARIOS;
