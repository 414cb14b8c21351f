import type { Fault, Scenario } from './run.ts';

const CALM: Readonly<Record<Fault, number>> = {
  ...{ cut: 0, dark: 0, freeze: 0, stall: 1 },
  ...{ kill: 0, join: 0, leave: 0 },
};

/** Two copies of each key, and no death before the one before has been made up for. */
const SAFE = {
  nodes: 3,
  threads: 2,
  replicas: 2,
  replication: 'sync',
  clients: 4,
  keys: 3,
  mayLose: false,
} as const;

/** What can happen to a cluster, by name; SAFE ones lose no key. */
export const SCENARIOS = {
  network: { ...SAFE, faults: { ...CALM, cut: 2, dark: 2, freeze: 2 } },
  ring: { ...SAFE, faults: { ...CALM, join: 2, leave: 2 } },
  deaths: { ...SAFE, faults: { ...CALM, kill: 2 } },
  all: {
    ...SAFE,
    faults: { cut: 2, dark: 1, freeze: 1, stall: 2, kill: 2, join: 2, leave: 2 },
  },
  /** One copy of each key: a death loses keys, and revives none. */
  single: {
    ...SAFE,
    replicas: 1,
    mayLose: true,
    faults: { cut: 2, dark: 1, freeze: 1, stall: 2, kill: 2, join: 2, leave: 2 },
  },
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof SCENARIOS;
