import { expect, test } from 'vitest';
import type { StoreShare } from '../../src/store/index.ts';
import { TOTAL } from '../../src/store/memory/layout.ts';
import { audit } from '../support/audit.ts';
import { Random, testSeed } from '../support/random.ts';
import { fastStore, SessionHarness, testShare } from '../support/session-harness.ts';
import { ConcurrentChanges } from './concurrent-changes.ts';
import { type ModelItem, type ModelRequest, randomRequest } from './item-model.ts';

const STEPS = Number(process.env['STORE_STEPS'] ?? 300_000);
const STEPS_PER_CHANGE = 100;
const STEPS_PER_AUDIT = 50_000;
/** A run that has not seen each kind of work goes on, at most to so many times its steps. */
const LENGTH_MAX = 4;
const KEYS = 60_000;
const TIMEOUT_MS = 180_000;
/** Rare ones are not among them: how much the maintainer does in a slice depends on the machine. */
const TOTALS_REQUIRED = [
  'evicted',
  'evictedUnfetched',
  'outOfMemory',
  'expiredUnfetched',
  'directReclaims',
  'movesToCold',
  'movesToWarm',
  'movesWithinLru',
  'crawlerReclaimed',
  'ghostHits',
] as const;
const SUMS_REQUIRED = [
  'slabs_moved',
  'slab_reassign_rescues',
  'slab_reassign_chunk_rescues',
  'lru_crawler_starts',
] as const;

const seed = testSeed();

/** A store and a `Map` as its model. Eviction may remove a key, but a reply is never wrong. */
class StoreAndModel {
  readonly harness: SessionHarness;
  /** Two sessions on the store: only one of them uses the fast path. */
  readonly #sessions: readonly SessionHarness[];
  readonly #random: Random;
  readonly #model = new Map<string, ModelItem>();

  constructor(share: StoreShare, random: Random) {
    this.harness = new SessionHarness(share);
    this.#sessions = [this.harness, new SessionHarness(share, 0, { usesFastPath: false })];
    this.#random = random;
  }

  /** Sends a request to both; returns the model's reply as `expected` if the store's is wrong. */
  send(key: string, request: ModelRequest): { reply: string; expected?: string } {
    const { parts } = this.harness;
    const before = this.#live(key, parts.clock.now());
    const reply = this.#sendToStore(request.text);
    const mayRunOutOfMemory = parts.tunables.get('evictsToFree') === 0;
    const possible = [request.effects, ...(mayRunOutOfMemory ? request.outOfMemory : [])];
    // The reply must fit the model's item, or a key that the store has evicted.
    for (const state of [before, undefined]) {
      const effect = possible.map((effects) => effects(state)).find((each) => each.reply === reply);
      if (effect === undefined) continue;
      if (effect.after === undefined) this.#model.delete(key);
      else this.#model.set(key, effect.after);
      return { reply };
    }
    return { reply, expected: request.effects(before).reply };
  }

  /** Sends the request in one piece or in two. */
  #sendToStore(text: string): string {
    const session = this.#random.pick(this.#sessions);
    if (!this.#random.oneIn(3)) return session.send(text);
    const bytes = Buffer.from(text, 'latin1');
    const cut = this.#random.int(0, bytes.length);
    return session.feedPieces([bytes.subarray(0, cut), bytes.subarray(cut)]);
  }

  flush(): void {
    this.harness.send('flush_all\r\n');
    this.#model.clear();
  }

  #live(key: string, now: number): ModelItem | undefined {
    const item = this.#model.get(key);
    const isExpired = item !== undefined && item.expiry !== 0 && item.expiry <= now;
    return isExpired ? undefined : item;
  }
}

test(
  `the store agrees with the model for ${STEPS} steps while items and pages move, seed ${seed}`,
  () => {
    const random = new Random(seed);
    // Few classes, so that each has several pages, and values of up to a dozen chunks.
    const share = testShare({
      memoryLimitBytes: 2 << 20,
      slabGrowthFactor: 2,
      slabChunkMaxBytes: 8 << 10,
      ...fastStore(random.pick(['memory32', 'memory64'])),
    });
    const storeAndModel = new StoreAndModel(share, random.fork(2));
    const { parts } = storeAndModel.harness;
    const changes = new ConcurrentChanges(parts, random.fork(1));
    for (let step = 0; step < STEPS * LENGTH_MAX; step++) {
      if (step >= STEPS && step % STEPS_PER_AUDIT === 0 && workNotSeen(parts).length === 0) break;
      if (step % STEPS_PER_CHANGE === 0) changes.step();
      if (random.oneIn(100_000)) storeAndModel.flush();
      const key = `key-${random.int(0, KEYS - 1)}`;
      const request = randomRequest(random, key, parts.clock.now());
      const { reply, expected } = storeAndModel.send(key, request);
      if (expected !== undefined) {
        expect(reply, `seed ${seed}, step ${step}: ${request.text.slice(0, 80)}`).toBe(expected);
      }
      if (step % STEPS_PER_AUDIT === 0)
        expect(audit(parts), `seed ${seed}, step ${step}`).toEqual([]);
    }
    expect(audit(parts), `seed ${seed}`).toEqual([]);
    expect(workNotSeen(parts), `seed ${seed}`).toEqual([]);
  },
  TIMEOUT_MS,
);

/** The kinds of work that have not happened: a run without them would prove nothing. */
function workNotSeen({ arena, totals, sums }: SessionHarness['parts']): readonly string[] {
  const classes = [...arena.sizeClasses.chunkBytes.keys()];
  return [
    ...TOTALS_REQUIRED.filter((name) => classes.every((id) => totals.get(id, TOTAL[name]) === 0)),
    ...SUMS_REQUIRED.filter((name) => sums.thread(name) === 0),
  ];
}
