import { expect, test } from 'vitest';
import { audit, TOTAL } from '../../src/store/index.ts';
import { Random, testSeed } from '../support/random.ts';
import { Talker, testShare } from '../support/talker.ts';
import { type Entry, type ModelRequest, randomRequest } from './item-model.ts';
import { Upheaval } from './upheaval.ts';

const STEPS = 1_000_000;
const STEPS_PER_UPHEAVAL = 100;
const STEPS_PER_AUDIT = 50_000;
const KEYS = 60_000;
const PATIENCE_MS = 180_000;
const MUST_HAPPEN = [
  'evicted',
  'evictedNonzero',
  'evictedUnfetched',
  'outOfMemory',
  'reclaimed',
  'expiredUnfetched',
  'directReclaims',
  'movesToCold',
  'movesToWarm',
  'movesWithinLru',
  'crawlerReclaimed',
  'ghostHits',
] as const;

const seed = testSeed();

/** The store's answers beside a Map's. Eviction may make it forget, but never lie. */
class Twins {
  readonly talker: Talker;
  readonly #random: Random;
  readonly #model = new Map<string, Entry>();

  constructor(talker: Talker, random: Random) {
    this.talker = talker;
    this.#random = random;
  }

  /** Says one request to both; the model's answer when the store's does not fit it. */
  say(key: string, request: ModelRequest): { reply: string; expected?: string } {
    const { store } = this.talker;
    const before = this.#live(key, store.lifetimes.now());
    const reply = this.#heard(request.text);
    const mayStarve = store.tunables.get('evictsToFree') === 0;
    const possible = [request.effects, ...(mayStarve ? request.starved : [])];
    // The reply fits the key as it was, or else its absence.
    for (const state of [before, undefined]) {
      const effect = possible.map((effects) => effects(state)).find((each) => each.reply === reply);
      if (effect === undefined) continue;
      if (effect.after === undefined) this.#model.delete(key);
      else this.#model.set(key, effect.after);
      return { reply };
    }
    return { reply, expected: request.effects(before).reply };
  }

  /** As it is said at once, or in two pieces. */
  #heard(text: string): string {
    if (!this.#random.oneIn(3)) return this.talker.say(text);
    const bytes = Buffer.from(text, 'latin1');
    const cut = this.#random.int(0, bytes.length);
    return this.talker.feedPieces([bytes.subarray(0, cut), bytes.subarray(cut)]);
  }

  flush(): void {
    this.talker.say('flush_all\r\n');
    this.#model.clear();
  }

  #live(key: string, now: number): Entry | undefined {
    const known = this.#model.get(key);
    const isExpired = known !== undefined && known.expiry !== 0 && known.expiry <= now;
    return isExpired ? undefined : known;
  }
}

test(
  `store and model agree for ${STEPS} steps while all is moved about, seed ${seed}`,
  () => {
    const random = new Random(seed);
    // Few classes, so that they have pages to give, and values of up to a dozen chunks.
    const share = testShare({
      memoryLimitBytes: 2 << 20,
      slabGrowthFactor: 2,
      slabChunkMaxBytes: 8 << 10,
    });
    const twins = new Twins(new Talker(share), random.fork(2));
    const { store } = twins.talker;
    const upheaval = new Upheaval(store, random.fork(1));
    for (let step = 0; step < STEPS; step++) {
      if (step % STEPS_PER_UPHEAVAL === 0) upheaval.step();
      if (random.oneIn(100_000)) twins.flush();
      const key = `key-${random.int(0, KEYS - 1)}`;
      const request = randomRequest(random, key, store.lifetimes.now());
      const { reply, expected } = twins.say(key, request);
      if (expected !== undefined) {
        expect(reply, `seed ${seed}, step ${step}: ${request.text.slice(0, 80)}`).toBe(expected);
      }
      if (step % STEPS_PER_AUDIT === 0)
        expect(audit(store), `seed ${seed}, step ${step}`).toEqual([]);
    }
    expect(audit(store), `seed ${seed}`).toEqual([]);
    expectAllHappened(twins.talker);
  },
  PATIENCE_MS,
);

/** A run in which nothing was evicted, moved or crawled would prove nothing. */
function expectAllHappened({ store }: Talker): void {
  const total = (slot: number): number =>
    store.chunkBytes.reduce((sum, _, id) => sum + store.total(id, slot), 0);
  for (const name of MUST_HAPPEN) {
    expect(total(TOTAL[name]), `seed ${seed}: ${name}`).toBeGreaterThan(0);
  }
  for (const name of [
    'slabs_moved',
    'slab_reassign_rescues',
    'slab_reassign_chunk_rescues',
    'lru_crawler_starts',
  ] as const) {
    expect(store.sums.thread(name), `seed ${seed}: ${name}`).toBeGreaterThan(0);
  }
}
