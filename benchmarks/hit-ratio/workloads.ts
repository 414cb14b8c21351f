import { readTrace, type ZipfPlan, zipfRequests } from './requests.ts';
import { KEY_BYTES, type SizeDistribution, valueSizes } from './value-sizes.ts';

/** A workload and its memory sizes; each memory size is a row of the table. */
export interface Workload {
  readonly name: string;
  readonly description: string;
  /** Key ids in request order. */
  readonly requests: Uint32Array;
  /** Value bytes by key id. */
  readonly sizes: Uint32Array;
  /** The ttl of each value, by key id; 0 means until evicted. */
  readonly ttlOf: (id: number) => number;
  /** The maximum requests per second, if time matters. */
  readonly rate?: number;
  readonly memoriesMegabytes: readonly number[];
}

export interface WorkloadChoice {
  /** The folder of the traces; without it there are no workloads from traces. */
  readonly traces?: string | undefined;
  /** Only the smallest memory of each workload, and a third of the generated requests. */
  readonly quick: boolean;
  /** The names of the workloads; undefined selects all. */
  readonly only?: readonly string[] | undefined;
}

interface WorkloadPlan {
  readonly name: string;
  readonly description: string;
  readonly requests: (choice: WorkloadChoice) => Uint32Array | undefined;
  readonly sizesOf: (id: number) => SizeDistribution;
  readonly memoriesMegabytes: readonly number[];
  readonly ttlOf?: (id: number) => number;
  readonly rate?: number;
}

const REQUESTS = 3_000_000;
const KEYS = 1_000_000;
const TURNOVER_KEYS = 400_000;
const OBJECTS: SizeDistribution = { medianBytes: 200, sigma: 1.2 };
const ROWS: SizeDistribution = { medianBytes: 2000, sigma: 1.2 };
const PAGES: SizeDistribution = { medianBytes: 12_000, sigma: 1 };

const noTtl = () => 0;
const trace = (name: string) => (choice: WorkloadChoice) =>
  choice.traces === undefined ? undefined : readTrace(choice.traces, name);
const generated = (plan: Omit<ZipfPlan, 'requests'>) => (choice: WorkloadChoice) =>
  zipfRequests({ ...plan, requests: choice.quick ? REQUESTS / 3 : REQUESTS });

/**
 * The memory of each row is a third to a tenth of the working set. The traces have few keys, so
 * their values are large. With less memory, the first page that each of about 33 size classes gets
 * would take all of it, and an eviction policy would have nothing to decide.
 */
const WORKLOAD_PLANS: readonly WorkloadPlan[] = [
  {
    name: 'web07',
    description: 'product pages of a shop (trace)',
    requests: trace('web07'),
    sizesOf: () => PAGES,
    memoriesMegabytes: [128, 64],
  },
  {
    name: 'orm-night',
    description: 'database objects of a shop (trace)',
    requests: trace('orm-night'),
    sizesOf: () => ROWS,
    memoriesMegabytes: [64, 48],
  },
  {
    name: 'zipf',
    description: "Zipf's law, exponent 0.9",
    requests: generated({ seed: 1, keys: KEYS, exponent: 0.9 }),
    sizesOf: () => OBJECTS,
    memoriesMegabytes: [64, 32],
  },
  {
    name: 'zipf-scan',
    description: "Zipf's law, exponent 0.9, and a fifth of the requests in scans of 50,000 keys",
    requests: generated({
      seed: 2,
      keys: KEYS,
      exponent: 0.9,
      scanKeys: 50_000,
      scanShare: 0.2,
    }),
    sizesOf: () => OBJECTS,
    memoriesMegabytes: [64, 32],
  },
  {
    name: 'turnover',
    description: 'all keys and sizes change at once, three times: 200 B, 2 kB, 200 B, 2 kB',
    requests: generated({ seed: 3, keys: TURNOVER_KEYS, exponent: 0.9, turnovers: 3 }),
    sizesOf: (id) => (Math.floor(id / TURNOVER_KEYS) % 2 === 0 ? OBJECTS : ROWS),
    memoriesMegabytes: [64],
  },
  {
    name: 'zipf-ttl',
    description: '100,000 requests a second; half of the keys have a ttl of 2 to 9 s',
    requests: generated({ seed: 4, keys: KEYS, exponent: 0.9 }),
    sizesOf: () => OBJECTS,
    memoriesMegabytes: [64],
    ttlOf: (id) => (id % 2 === 0 ? 0 : 2 + (id % 8)),
    rate: 100_000,
  },
];

export const WORKLOAD_NAMES: readonly string[] = WORKLOAD_PLANS.map(({ name }) => name);

/** Reads or generates the chosen workloads, one after the other. */
export function* workloads(choice: WorkloadChoice): Generator<Workload> {
  for (const plan of WORKLOAD_PLANS) {
    if (choice.only !== undefined && !choice.only.includes(plan.name)) continue;
    const requests = plan.requests(choice);
    if (requests === undefined && choice.only !== undefined) {
      throw new Error(`the workload ${plan.name} needs a trace; give its folder with --traces`);
    }
    if (requests === undefined) continue;
    const keys = requests.reduce((most, id) => Math.max(most, id), 0) + 1;
    const { ttlOf = noTtl, sizesOf, ...same } = plan;
    const all = plan.memoriesMegabytes;
    const memoriesMegabytes = choice.quick ? [Math.min(...all)] : all;
    yield { ...same, memoriesMegabytes, requests, ttlOf, sizes: valueSizes(keys, sizesOf) };
  }
}

/** The keys of a workload, and the bytes that they would take if the cache kept all of them. */
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
