/**
 * Measures how long one set can take while the index grows. `node benchmarks/micro/index-growth.ts
 * [--items N]` stores small items in this process, one after the other, and prints the longest
 * pauses. Beside each pause stands the CPU time of the thread in the sets around it: on a busy
 * machine the thread waits for a core, and the store does not cause the part of a pause above its
 * CPU time.
 */
import yargs from 'yargs';
import { createStore, MODE, NO_ITEM, openStore, type PutOptions } from '../../src/store/index.ts';

const KEY_BYTES = 16;
const VALUE = Buffer.from('12345678');
const ITEM_BYTES = 64;
const PAUSES_KEPT = 5;
const PERCENTILES = [50, 99, 99.9, 99.99] as const;
const NS_PER_BUCKET = 100;
/** Up to a millisecond; the last bucket counts all longer sets. */
const BUCKETS = 10_000;
const PUT_OPTIONS: PutOptions = {
  mode: MODE.set,
  casHigh: 0,
  casLow: 0,
  allowStale: false,
  vivify: false,
  ownCas: false,
  ownCasHigh: 0,
  ownCasLow: 0,
};

const { items } = yargs(process.argv.slice(2))
  .option('items', { type: 'number', default: 10_000_000, describe: 'how many items to store' })
  .strict()
  .parseSync();

const share = createStore({
  memoryLimitBytes: items * ITEM_BYTES * 1.1,
  threads: 1,
  slabGrowthFactor: 1.25,
  slabMinSizeBytes: 48,
  slabChunkMaxBytes: 512 << 10,
  maxItemSizeBytes: 1 << 20,
});
const { items: store, view } = openStore(share, 0);
const key = Buffer.alloc(KEY_BYTES, '0');
const NEW_ITEM = {
  placement: store.placementFor(KEY_BYTES, 0, VALUE.length, false),
  keyBytes: KEY_BYTES,
  clientFlags: 0,
  expiry: 0,
  valueBytes: VALUE.length,
  ownCas: false,
};

/** One set, from the hash of its key to the split of a bucket. */
function storeOne(nth: number): void {
  key.write(nth.toString(36).padStart(KEY_BYTES, '0'), 'latin1');
  const hash = store.hashOf(key, 0, KEY_BYTES);
  const id = store.allocate(NEW_ITEM);
  if (id === NO_ITEM) throw new Error(`the store has no memory for item ${nth}`);
  store.writeKey(id, key, 0, KEY_BYTES, false);
  store.writeValue(id, 0, VALUE, 0, VALUE.length);
  store.put(hash, id, PUT_OPTIONS);
}

const histogram = new Uint32Array(BUCKETS + 1);
/** Sets between two samples of the CPU time; a sample takes as long as a set. */
const SETS_PER_SAMPLE = 16;

interface Pause {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** The number of the item that caused the pause. */
  readonly at: number;
}

/** Keeps the worst pauses by a measure of severity. */
class WorstPauses {
  readonly pauses: Pause[] = [];
  readonly #severity: (pause: Pause) => number;

  constructor(severity: (pause: Pause) => number) {
    this.#severity = severity;
  }

  record(pause: Pause): void {
    const mildest = this.pauses.at(-1);
    const isFull = this.pauses.length === PAUSES_KEPT;
    if (isFull && mildest !== undefined && this.#severity(pause) <= this.#severity(mildest)) return;
    this.pauses.push(pause);
    this.pauses.sort((a, b) => this.#severity(b) - this.#severity(a));
    if (isFull) this.pauses.pop();
  }

  print(title: string): void {
    console.log(title);
    for (const { wallMs, cpuMs, at } of this.pauses) {
      console.log(
        `  ${wallMs.toFixed(3)} ms, of which CPU at most ${cpuMs.toFixed(3)}, at item ${at}`,
      );
    }
  }
}

const longest = new WorstPauses(({ wallMs }) => wallMs);
const busiest = new WorstPauses(({ cpuMs, wallMs }) => Math.min(cpuMs, wallMs));

function cpuMsNow(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The percentile in microseconds: the upper bound of its bucket. */
function percentile(percent: number): number {
  let left = (items * percent) / 100;
  const bucket = histogram.findIndex((count) => {
    left -= count;
    return left <= 0;
  });
  return ((bucket + 1) * NS_PER_BUCKET) / 1000;
}

const bucketsBefore = view.bucketCount();
/** Stores a batch of items; returns its longest set. */
function storeBatch(from: number, to: number): { at: number; wallMs: number } {
  let beforeMs = performance.now();
  let at = from;
  let wallMs = 0;
  for (let nth = from; nth < to; nth++) {
    storeOne(nth);
    const nowMs = performance.now();
    const ms = nowMs - beforeMs;
    histogram[Math.min(BUCKETS, Math.floor((ms * 1e6) / NS_PER_BUCKET))]! += 1;
    if (ms > wallMs) [at, wallMs] = [nth, ms];
    beforeMs = nowMs;
  }
  return { at, wallMs };
}

const startedMs = performance.now();
for (let done = 0; done < items; done += SETS_PER_SAMPLE) {
  const cpuMs = cpuMsNow();
  const { at, wallMs } = storeBatch(done, Math.min(items, done + SETS_PER_SAMPLE));
  const pause = { at, wallMs, cpuMs: cpuMsNow() - cpuMs };
  longest.record(pause);
  busiest.record(pause);
}
const seconds = (performance.now() - startedMs) / 1000;

console.log(`${view.itemCount()} items in ${seconds.toFixed(1)} s, one thread`);
console.log(`buckets: ${bucketsBefore} before, ${view.bucketCount()} after`);
for (const percent of PERCENTILES) {
  console.log(`${percent} % of the sets took less than ${percentile(percent).toFixed(1)} µs`);
}
longest.print('the longest pauses:');
busiest.print('the pauses with the most CPU time:');
