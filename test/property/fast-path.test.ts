import { expect, test } from 'vitest';
import type { WasmMemoryKind } from '../../src/store/index.ts';
import { randomStream } from '../fuzz/streams.ts';
import { everyCut } from '../support/cuts.ts';
import { Twins } from '../support/fast-twins.ts';
import { Random, testSeed } from '../support/random.ts';
import { type Pipeline, Requests } from './fast-requests.ts';

/** A small number for every run; `FAST_PATH_CASES=100000` runs for longer. */
const CASES = Number(process.env['FAST_PATH_CASES'] ?? 3000);
const CASES_PER_STORE = 250;
const CASES_PER_AUDIT = 50;
const PIPELINES_CUT = 60;
const CUT_BYTES_MAX = 300;
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

/** Feeds both as usual, or with something that the fast path leaves to the JavaScript. */
function feed(twins: Twins, random: Random, bytes: Buffer): void {
  const asUsual = (): void => twins.feedCut(bytes, randomCuts(random, bytes));
  random.weighted<() => void>([
    [16, asUsual],
    [2, () => twins.observed(random, asUsual)],
    [1, () => twins.elsewhere(asUsual)],
    [1, () => twins.feedSlowly(bytes)],
  ])();
}

/** Feeds `count` random pipelines; both stores must be equal after each. */
function runCases(twins: Twins, random: Random, count: number): { readonly requests: number } {
  const maker = new Requests(random, { largeOneIn: 100 });
  let requests = 0;
  for (let nth = 0; nth < count; nth++) {
    const pipeline = pipelineOf(random, maker);
    twins.fast.harness.readsIntoRegion = !random.oneIn(4);
    if (random.oneIn(3)) twins.change(random);
    twins.fast.harness.fastPath!.stopsAtMiss = random.oneIn(5);
    try {
      feed(twins, random, pipeline.bytes);
      twins.reconnect();
      twins.compare();
      if (nth % CASES_PER_AUDIT === 0) expect(twins.audit()).toEqual([]);
    } catch (error) {
      const text = JSON.stringify(pipeline.bytes.toString('latin1')).slice(0, 2000);
      throw new Error(`seed ${seed}, case ${nth}: ${(error as Error).message}\n${text}`);
    }
    requests += pipeline.requests;
  }
  return { requests };
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
      requests += runCases(twins, random, Math.min(CASES - first, CASES_PER_STORE)).requests;
      fastRequests += twins.fastRequests;
    }
    // Without the fast path, the test would compare the JavaScript with itself.
    expect(fastRequests).toBeGreaterThan(requests / 3);
  },
  TIMEOUT_MS,
);

test.each(['memory32', 'memory64'] as const)(
  `an input may end at any byte, with %s, seed ${seed}`,
  (kind) => {
    const random = new Random(seed).fork(-1);
    const twins = makeTwins(random, kind);
    const maker = new Requests(random, { largeOneIn: 1000 });
    for (let nth = 0; nth < PIPELINES_CUT; nth++) {
      const { bytes } = random.oneIn(3) ? maker.binary() : maker.text();
      if (bytes.length > CUT_BYTES_MAX) continue;
      for (const cuts of everyCut(bytes)) {
        twins.feedCut(bytes, cuts);
        twins.reconnect();
      }
      twins.compare();
    }
  },
);
