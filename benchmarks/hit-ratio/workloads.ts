import { readTrace, type ZipfPlan, zipfRequests } from './requests.ts';
import { KEY_BYTES, type SizeLaw, valueSizes } from './value-sizes.ts';

/** What is replayed, and against how much memory: one row of the table for each memory. */
export interface Workload {
  readonly name: string;
  readonly says: string;
  /** Key ids in request order. */
  readonly requests: Uint32Array;
  /** Value bytes by key id. */
  readonly sizes: Uint32Array;
  /** Seconds each value lives, by key id; 0 is for ever. */
  readonly ttlSeconds: (id: number) => number;
  /** Requests per second at most, where time matters. */
  readonly rate?: number;
  readonly memoriesMegabytes: readonly number[];
}

export interface WorkloadChoice {
  /** The folder of the traces; without it their rows are left out. */
  readonly traces?: string | undefined;
  /** Only the least memory of each, and a third of the requests of those that are generated. */
  readonly quick: boolean;
  /** Names; undefined takes all. */
  readonly only?: readonly string[] | undefined;
}

interface Draft {
  readonly name: string;
  readonly says: string;
  readonly requests: (choice: WorkloadChoice) => Uint32Array | undefined;
  readonly law: (id: number) => SizeLaw;
  readonly memoriesMegabytes: readonly number[];
  readonly ttlSeconds?: (id: number) => number;
  readonly rate?: number;
}

const REQUESTS = 3_000_000;
const KEYS = 1_000_000;
const TURNOVER_KEYS = 400_000;
const OBJECTS: SizeLaw = { medianBytes: 200, sigma: 1.2 };
const ROWS: SizeLaw = { medianBytes: 2000, sigma: 1.2 };
const PAGES: SizeLaw = { medianBytes: 12_000, sigma: 1 };

const forEver = () => 0;
const trace = (name: string) => (choice: WorkloadChoice) =>
  choice.traces === undefined ? undefined : readTrace(choice.traces, name);
const generated = (plan: Omit<ZipfPlan, 'requests'>) => (choice: WorkloadChoice) =>
  zipfRequests({ ...plan, requests: choice.quick ? REQUESTS / 3 : REQUESTS });

/**
 * The memory of each row is a third to a tenth of what its keys take. The traces have few keys, so
 * their values are large ones. With less memory, and values that spread over some 33 size classes, the
 * one page that every class gets, however little it holds, would be all there is: nothing to decide.
 */
const DRAFTS: readonly Draft[] = [
  {
    name: 'web07',
    says: 'product pages of a shop (trace)',
    requests: trace('web07'),
    law: () => PAGES,
    memoriesMegabytes: [128, 64],
  },
  {
    name: 'orm-night',
    says: 'database objects of a shop (trace)',
    requests: trace('orm-night'),
    law: () => ROWS,
    memoriesMegabytes: [64, 48],
  },
  {
    name: 'zipf',
    says: "Zipf's law, exponent 0.9",
    requests: generated({ seed: 1, keys: KEYS, exponent: 0.9 }),
    law: () => OBJECTS,
    memoriesMegabytes: [64, 32],
  },
  {
    name: 'zipf-scan',
    says: 'the same, a fifth of the requests in scans of 50,000 keys',
    requests: generated({
      seed: 2,
      keys: KEYS,
      exponent: 0.9,
      scanKeys: 50_000,
      scanShare: 0.2,
    }),
    law: () => OBJECTS,
    memoriesMegabytes: [64, 32],
  },
  {
    name: 'turnover',
    says: 'keys and sizes change over all at once, three times: 200 B, 2 kB, 200 B, 2 kB',
    requests: generated({ seed: 3, keys: TURNOVER_KEYS, exponent: 0.9, turnovers: 3 }),
    law: (id) => (Math.floor(id / TURNOVER_KEYS) % 2 === 0 ? OBJECTS : ROWS),
    memoriesMegabytes: [64],
  },
  {
    name: 'zipf-ttl',
    says: 'at 100,000 a second, half of the keys live for 2 to 9 s only',
    requests: generated({ seed: 4, keys: KEYS, exponent: 0.9 }),
    law: () => OBJECTS,
    memoriesMegabytes: [64],
    ttlSeconds: (id) => (id % 2 === 0 ? 0 : 2 + (id % 8)),
    rate: 100_000,
  },
];

export const WORKLOAD_NAMES: readonly string[] = DRAFTS.map(({ name }) => name);

/** Reads or generates what was chosen, one workload after the other. */
export function* workloads(choice: WorkloadChoice): Generator<Workload> {
  for (const draft of DRAFTS) {
    if (choice.only !== undefined && !choice.only.includes(draft.name)) continue;
    const requests = draft.requests(choice);
    if (requests === undefined && choice.only !== undefined) {
      throw new Error(`${draft.name} is a trace; say by --traces in which folder it is`);
    }
    if (requests === undefined) continue;
    const keys = requests.reduce((most, id) => Math.max(most, id), 0) + 1;
    const { ttlSeconds = forEver, law, ...same } = draft;
    const all = draft.memoriesMegabytes;
    const memoriesMegabytes = choice.quick ? [Math.min(...all)] : all;
    yield { ...same, memoriesMegabytes, requests, ttlSeconds, sizes: valueSizes(keys, law) };
  }
}

/** What the keys of a workload are, and what they would take if all were kept. */
export function workingSet({ requests, sizes }: Workload): { keys: number; bytes: number } {
  const seen = new Uint8Array(sizes.length);
  let keys = 0;
  let bytes = 0;
  for (const id of requests) {
    if (seen[id] === 1) continue;
    seen[id] = 1;
    keys++;
    bytes += KEY_BYTES + sizes[id]!;
  }
  return { keys, bytes };
}
