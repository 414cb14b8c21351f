import { expect, test } from 'vitest';
import { SECOND_CHANCES_MAX } from '../../src/store/eviction/evictor.ts';
import { EVICTION } from '../../src/store/index.ts';
import { PAGE_BYTES } from '../../src/store/memory/item-layout.ts';
import { TOTAL } from '../../src/store/memory/layout.ts';
import { packet } from '../support/binary-wire.ts';
import { binarySet } from '../support/fast-stop.ts';
import { Twins } from '../support/fast-twins.ts';
import { Random, testSeed } from '../support/random.ts';

/** A small number for every run; `FAST_PATH_CASES=100000` runs for longer. */
const PIPELINES = Number(process.env['FAST_PATH_CASES'] ?? 3000) / 25;
const PIPELINES_PER_COMPARISON = 5;
const REQUESTS_PER_PIPELINE = 40;
const KEYS_PER_RANGE = 2 * SECOND_CHANCES_MAX;
const TIMEOUT_MS = 3_600_000;
/** The largest chunk is this long, so that a page has few of them. */
const CHUNK_BYTES_MAX = 4096;
/** Requests are for the largest classes. */
const CLASSES = 2;
const PAGES = 4;
/** Header, client flags and the longest key. */
const BESIDE_VALUE_BYTES = 32 + 4 + 8;
const seed = testSeed();

/** The tunables of each policy. */
const POLICIES = [
  ['s3fifo', { segmented: 1, eviction: EVICTION.s3fifo }],
  ['segmented', { segmented: 1, eviction: EVICTION.segmented }],
  ['flat', { segmented: 0, eviction: EVICTION.s3fifo }],
] as const;

const makeTwins = (random: Random, nth: number): Twins =>
  new Twins({
    kind: nth % 2 === 0 ? 'memory32' : 'memory64',
    store: {
      memoryLimitBytes: PAGES * PAGE_BYTES,
      slabGrowthFactor: 1.5,
      slabChunkMaxBytes: CHUNK_BYTES_MAX,
      hashKey: { low: random.int(0, 0x7fff_ffff), high: random.int(0, 0x7fff_ffff) },
      tunables: { ...POLICIES[nth]![1], tempLru: 1, tempTtl: 10, evictsToFree: 1 },
    },
  });

/** Makes requests for more items than a store has room for. */
class Pressure {
  /** How many items all classes hold together, if each has the same number of pages. */
  readonly capacity: number;
  readonly #random: Random;
  /** The bytes of the values of each class. */
  readonly #valueBytes: readonly number[];
  #newest = 0;

  constructor(random: Random, chunkBytes: readonly number[]) {
    this.#random = random;
    const chunks = chunkBytes.slice(-CLASSES);
    this.#valueBytes = chunks.map((bytes) => bytes - BESIDE_VALUE_BYTES);
    this.capacity =
      chunks.reduce((sum, bytes) => sum + Math.floor(PAGE_BYTES / bytes), 0) * (PAGES / CLASSES);
  }

  newKey(): Buffer {
    this.#newest++;
    return this.#set(this.#newest);
  }

  pipeline(): Buffer {
    return Buffer.concat(Array.from({ length: REQUESTS_PER_PIPELINE }, () => this.#text()));
  }

  binary(): Buffer {
    const random = this.#random;
    const next = (): Buffer => {
      if (random.oneIn(2)) return packet({ opcode: 0, key: this.#keyOf(this.#recent()) });
      const nth = random.oneIn(3) ? this.#recent() : ++this.#newest;
      const { key, bytes, exptime } = this.#item(nth);
      return binarySet(key, bytes, exptime);
    };
    return Buffer.concat(Array.from({ length: REQUESTS_PER_PIPELINE }, next));
  }

  #text(): Buffer {
    const random = this.#random;
    return random.weighted<() => Buffer>([
      [10, () => this.newKey()],
      [2, () => this.#set(this.#evicted())],
      [2, () => this.#set(this.#recent())],
      [7, () => this.#get()],
      [0.4, () => this.#getRange()],
      [0.3, () => Buffer.from(`delete ${this.#keyOf(this.#recent())}\r\n`)],
      [0.3, () => Buffer.from(`touch ${this.#keyOf(this.#recent())} ${random.int(0, 9)}\r\n`)],
      [0.03, () => Buffer.from('flush_all\r\n')],
      [0.05, () => Buffer.from(`set large 0 0 9000\r\n${'L'.repeat(9000)}\r\n`)],
    ])();
  }

  #get(): Buffer {
    const keys = Array.from({ length: this.#random.int(1, 6) }, () => this.#keyOf(this.#recent()));
    return Buffer.from(`get ${keys.join(' ')}\r\n`);
  }

  /** Two gets of more neighbours in the list of one class than an eviction spares. */
  #getRange(): Buffer {
    const first = Math.max(1, this.#newest - Math.floor(0.7 * this.capacity) - this.#anyAge(0.3));
    const keys = Array.from({ length: KEYS_PER_RANGE }, (_, at) =>
      this.#keyOf(first + at * CLASSES),
    );
    return Buffer.from(`get ${keys.join(' ')}\r\n`.repeat(2));
  }

  #set(nth: number): Buffer {
    const random = this.#random;
    const { key, bytes, exptime } = this.#item(nth);
    const flags = random.pick([0, 0, 7]);
    const value = 'v'.repeat(bytes);
    return Buffer.from(
      random.oneIn(3)
        ? `ms ${key} ${bytes} T${exptime} F${flags}\r\n${value}\r\n`
        : `set ${key} ${flags} ${exptime} ${bytes}\r\n${value}\r\n`,
    );
  }

  #item(nth: number): { readonly key: string; readonly bytes: number; readonly exptime: number } {
    const random = this.#random;
    const sizeClass = random.oneIn(20) ? random.int(0, CLASSES - 1) : nth % CLASSES;
    const bytes = this.#valueBytes[sizeClass]! - random.pick([0, 0, 1, 50]);
    return { key: this.#keyOf(nth), bytes, exptime: random.pick([0, 0, 0, 0, 3, 30, 300]) };
  }

  #keyOf = (nth: number): string => `p${nth}`;

  /** A key that the store may have: often one of few. */
  #recent(): number {
    const random = this.#random;
    const age = random.pick([random.int(0, 30), random.int(0, 300), this.#anyAge(1)]);
    return Math.max(1, this.#newest - age);
  }

  /** A key that the store has probably evicted, a short or a long time ago. */
  #evicted(): number {
    const age = this.capacity + this.#anyAge(this.#random.pick([0.1, 0.5, 1.5]));
    return Math.max(1, this.#newest - Math.floor(age));
  }

  #anyAge(capacities: number): number {
    return this.#random.int(0, Math.floor(capacities * this.capacity));
  }
}

/** Fills both stores twice over, so that they have ghosts of all ages. */
function fill(twins: Twins, pressure: Pressure): void {
  const count = Math.ceil(2.2 * pressure.capacity);
  twins.feedCut(Buffer.concat(Array.from({ length: count }, () => pressure.newKey())), []);
}

/** Time passes; now and then pages move and the policy changes. */
function change(twins: Twins, random: Random, nth: number): void {
  const harnesses = [twins.plain.harness, twins.fast.harness];
  const seconds = random.int(0, 2);
  for (const { parts } of harnesses) parts.clock.tick(parts.clock.now() + seconds);
  for (const twin of [twins.plain, twins.fast]) if (nth % 2 === 0) twin.maintain();
  if (!random.oneIn(8)) return;
  twins.change(random);
  const keepsPolicy = random.oneIn(3);
  for (const { parts } of harnesses) {
    parts.pagePool.setLimit(PAGES);
    parts.tunables.set('evictsToFree', 1);
    if (keepsPolicy) continue;
    for (const [name, value] of Object.entries(POLICIES[nth % POLICIES.length]![1]))
      parts.tunables.set(name as 'segmented' | 'eviction', value);
  }
}

/** What the stores counted in all their classes. */
const COUNTED = [
  'evicted',
  'evictedNonzero',
  'evictedUnfetched',
  'ghostHits',
  'pageHits',
  'movesToWarm',
  'movesWithinLru',
  'reclaimed',
  'expiredUnfetched',
] as const;

/** A run that has not seen each kind of work goes on, for at most so many rounds. */
const ROUNDS_MAX = 6;

test(
  `the fast path evicts what JavaScript evicts, in ${PIPELINES} pipelines, seed ${seed}`,
  () => {
    const sums = new Map<string, number>(COUNTED.map((name) => [name, 0]));
    const notSeen = () => COUNTED.filter((name) => sums.get(name) === 0);
    for (let round = 0; round === 0 || (notSeen().length > 0 && round < ROUNDS_MAX); round++) {
      for (const nth of POLICIES.keys())
        compareEvictions(new Random(seed).fork(round * POLICIES.length + nth), nth, sums);
    }
    // A page hit is also a ghost hit, but not the other way round.
    expect(sums.get('ghostHits')).toBeGreaterThan(sums.get('pageHits')!);
    expect(notSeen()).toEqual([]);
  },
  TIMEOUT_MS,
);

/** Sends a third of the pipelines under a policy to both; adds what was counted to the sums. */
function compareEvictions(random: Random, nth: number, sums: Map<string, number>): void {
  const twins = makeTwins(random, nth);
  const { parts } = twins.fast.harness;
  const pressure = new Pressure(random, parts.arena.sizeClasses.chunkBytes);
  fill(twins, pressure);
  twins.compare();
  for (let at = 0; at < PIPELINES / POLICIES.length; at++) {
    change(twins, random, random.oneIn(10) ? random.int(0, 2) : nth);
    twins.feedCut(random.oneIn(4) ? pressure.binary() : pressure.pipeline(), []);
    twins.reconnect();
    if (at % PIPELINES_PER_COMPARISON === 0) twins.compare();
  }
  twins.compare();
  expect(twins.audit()).toEqual([]);
  for (const name of COUNTED) {
    for (const sizeClass of parts.arena.sizeClasses.chunkBytes.keys())
      sums.set(name, sums.get(name)! + parts.totals.get(sizeClass, TOTAL[name]));
  }
  expect(twins.fastRequests).toBeGreaterThan(PIPELINES * 5);
}
