/**
 * How long one operation can take while the index grows: `node benchmarks/micro/index-growth.ts [--items N]`
 * stores small items in this process, one after the other, and prints the longest pauses. Beside each
 * stands the CPU time that the thread had in the sets around it: on a busy machine the system makes it wait,
 * and what is more than that time is not the store's doing.
 */
import yargs from 'yargs';
import { createStore, MODE, NO_ITEM, type PutTerms, Store } from '../../src/store/index.ts';

const KEY_BYTES = 16;
const VALUE = Buffer.from('12345678');
const ITEM_BYTES = 64;
const LONGEST_KEPT = 5;
const PERCENTILES = [50, 99, 99.9, 99.99] as const;
const NS_PER_BUCKET = 100;
/** Up to a millisecond; the last bucket holds what is above. */
const BUCKETS = 10_000;
const TERMS: PutTerms = {
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
const store = new Store(share, 0);
const key = Buffer.alloc(KEY_BYTES, '0');

/** One set, from the hash of its key to the last bucket it splits. */
function storeOne(nth: number): void {
  key.write(nth.toString(36).padStart(KEY_BYTES, '0'), 'latin1');
  const hash = store.hashOf(key, 0, KEY_BYTES);
  const id = store.allocate(KEY_BYTES, 0, 0, VALUE.length);
  if (id === NO_ITEM) throw new Error(`there is no memory for item ${nth}`);
  store.writeKey(id, key, 0, KEY_BYTES);
  store.writeValue(id, 0, VALUE, 0, VALUE.length);
  store.put(hash, id, TERMS);
}

const histogram = new Uint32Array(BUCKETS + 1);
/** Sets between two looks at the CPU time, which take as long as one. */
const SETS_PER_LOOK = 16;

interface Pause {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** The number of the item. */
  readonly at: number;
}

/** The worst of what was seen, by whatever is thought worst. */
class Worst {
  readonly pauses: Pause[] = [];
  readonly #badness: (pause: Pause) => number;

  constructor(badness: (pause: Pause) => number) {
    this.#badness = badness;
  }

  note(pause: Pause): void {
    const least = this.pauses.at(-1);
    const isFull = this.pauses.length === LONGEST_KEPT;
    if (isFull && least !== undefined && this.#badness(pause) <= this.#badness(least)) return;
    this.pauses.push(pause);
    this.pauses.sort((a, b) => this.#badness(b) - this.#badness(a));
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

const longest = new Worst(({ wallMs }) => wallMs);
const busiest = new Worst(({ cpuMs, wallMs }) => Math.min(cpuMs, wallMs));

function cpuMsNow(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** In microseconds; the bound of its bucket. */
function percentile(percent: number): number {
  let left = (items * percent) / 100;
  const bucket = histogram.findIndex((count) => {
    left -= count;
    return left <= 0;
  });
  return ((bucket + 1) * NS_PER_BUCKET) / 1000;
}

const bucketsBefore = store.index.bucketCount();
/** The longest of some sets. */
function storeSome(from: number, to: number): { at: number; wallMs: number } {
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
for (let done = 0; done < items; done += SETS_PER_LOOK) {
  const cpuMs = cpuMsNow();
  const { at, wallMs } = storeSome(done, Math.min(items, done + SETS_PER_LOOK));
  const pause = { at, wallMs, cpuMs: cpuMsNow() - cpuMs };
  longest.note(pause);
  busiest.note(pause);
}
const seconds = (performance.now() - startedMs) / 1000;

console.log(`${store.index.count()} items in ${seconds.toFixed(1)} s, one thread`);
console.log(`buckets: ${bucketsBefore} before, ${store.index.bucketCount()} after`);
for (const percent of PERCENTILES) {
  console.log(`${percent} % of the sets took less than ${percentile(percent).toFixed(1)} µs`);
}
longest.print('the longest pauses:');
busiest.print('those that took most CPU:');
