import { expect, test } from 'vitest';
import type { WasmMemoryKind } from '../../src/store/index.ts';
import { randomStream } from '../fuzz/streams.ts';
import { Twins } from '../support/fast-twins.ts';
import { Random, testSeed } from '../support/random.ts';
import { type Pipeline, Requests } from './fast-requests.ts';

/** A small number for every run; `FAST_PATH_CASES=100000` runs for longer. */
const CASES = Number(process.env['FAST_PATH_CASES'] ?? 3000);
const CASES_PER_STORE = 250;
const CASES_PER_AUDIT = 50;
const TIMEOUT_MS = 3_600_000;
const seed = testSeed();

function makeTwins(random: Random, kind: WasmMemoryKind): Twins {
  return new Twins({
    kind,
    requestsPerTurn: random.pick([1_000_000, 1_000_000, 20, 3, 1]),
    growsIndex: random.oneIn(2),
    store: {
      memoryLimitBytes: random.pick([1, 2, 4]) << 20,
      slabGrowthFactor: random.pick([1.25, 2]),
      slabChunkMaxBytes: 8 << 10,
      maxItemSizeBytes: random.pick([1 << 20, 1 << 20, 32 << 10, 4096, 2048]),
      disableCas: random.oneIn(5),
      hashKey: { low: random.int(0, 0x7fff_ffff), high: random.int(0, 0x7fff_ffff) },
      tunables: {
        segmented: random.pick([0, 1, 1]),
        eviction: random.pick([0, 1, 1]),
        tempLru: random.pick([0, 1]),
        evictsToFree: random.pick([0, 1, 1, 1, 1]),
      },
    },
  });
}

/** Where to cut: often nowhere, or at a few places. */
function randomCuts(random: Random, bytes: Buffer): readonly number[] {
  const count = random.pick([0, 0, 0, 1, 2, 8]);
  return Array.from({ length: count }, () => random.int(0, bytes.length)).toSorted((a, b) => a - b);
}

function pipelineOf(random: Random, requests: Requests): Pipeline {
  if (random.oneIn(12)) return { bytes: randomStream(random).bytes, requests: 0 };
  return random.oneIn(4) ? requests.binary() : requests.text();
}

test(
  `the fast path does what JavaScript does, in ${CASES} cases, seed ${seed}`,
  () => {
    let fastRequests = 0;
    let requests = 0;
    for (let first = 0; first < CASES; first += CASES_PER_STORE) {
      const random = new Random(seed).fork(first);
      const kind = (first / CASES_PER_STORE) % 2 === 0 ? 'memory32' : 'memory64';
      const twins = makeTwins(random, kind);
      const maker = new Requests(random, { largeOneIn: 100 });
      for (let nth = first; nth < Math.min(CASES, first + CASES_PER_STORE); nth++) {
        const pipeline = pipelineOf(random, maker);
        twins.fast.harness.readsIntoRegion = !random.oneIn(4);
        if (random.oneIn(3)) twins.change(random);
        const feed = () => twins.feedCut(pipeline.bytes, randomCuts(random, pipeline.bytes));
        try {
          if (random.oneIn(10)) twins.observed(random, feed);
          else feed();
          twins.reconnect();
          twins.compare();
          if (nth % CASES_PER_AUDIT === 0) expect(twins.audit()).toEqual([]);
        } catch (error) {
          const text = JSON.stringify(pipeline.bytes.toString('latin1')).slice(0, 2000);
          throw new Error(`seed ${seed}, case ${nth}: ${(error as Error).message}\n${text}`);
        }
        requests += pipeline.requests;
      }
      fastRequests += twins.fastRequests;
    }
    expect(fastRequests).toBeGreaterThan(requests / 3);
  },
  TIMEOUT_MS,
);
