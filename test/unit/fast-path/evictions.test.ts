import { expect, test } from 'vitest';
import { CANDIDATES_MAX, SECOND_CHANCES_MAX } from '../../../src/store/eviction/evictor.ts';
import { PAGE_BYTES } from '../../../src/store/memory/item-layout.ts';
import { CONTROL, STRIPES, TOTAL } from '../../../src/store/memory/layout.ts';
import { EVICTION, type TunableName } from '../../../src/store/memory/tunables.ts';
import { runFast, set } from '../../support/fast-stop.ts';
import { Twins } from '../../support/fast-twins.ts';
import type { SessionHarness } from '../../support/session-harness.ts';

const VALUE_BYTES = 1900;
const LOCK_HELD = 1;
const STRIPE_MASK = STRIPES - 1;
const NEW = set('new', VALUE_BYTES);

type Tunables = Partial<Record<TunableName, number>>;
const FLAT: Tunables = { segmented: 0 };
const S3FIFO: Tunables = { segmented: 1, eviction: EVICTION.s3fifo };

const classIn = ({ parts }: SessionHarness): number =>
  parts.arena.sizeClasses.classFor(VALUE_BYTES + 40);
const totalIn = (harness: SessionHarness, slot: number): number =>
  harness.parts.totals.get(classIn(harness), slot);
const hashIn = ({ parts }: SessionHarness, key: string): number =>
  parts.index.hashOf(Buffer.from(key), 0, key.length);
const keyOf = (nth: number): string => `key-${nth}`;
const has = ({ parts }: SessionHarness, key: string): boolean =>
  parts.index.find(hashIn({ parts } as SessionHarness, key), Buffer.from(key), 0, key.length) !== 0;

/** Two stores with one page, in which only one class has items. */
class FullTwins extends Twins {
  /** How many items the class has. */
  count = 0;

  constructor(tunables: Tunables) {
    super({ kind: 'memory32', store: { memoryLimitBytes: PAGE_BYTES, tunables } });
  }

  both(work: (harness: SessionHarness) => void): void {
    for (const { harness } of [this.plain, this.fast]) work(harness);
  }

  /** Stores items until the class has no free chunk, or `count` of them. */
  fill(count = Number.POSITIVE_INFINITY, exptime = 0): void {
    const { harness } = this.fast;
    const isFull = (): boolean =>
      this.count > 0 && harness.parts.slabs.freeChunkCount(classIn(harness)) === 0;
    for (let added = 0; added < count && !isFull(); added++) {
      this.send(set(keyOf(this.count++), VALUE_BYTES, exptime));
    }
  }

  send(input: string): void {
    this.feedCut(Buffer.from(input), []);
  }

  tune(tunables: Tunables): void {
    const entries = Object.entries(tunables) as [TunableName, number][];
    this.both(({ parts }) => {
      for (const [name, value] of entries) parts.tunables.set(name, value);
    });
  }

  /** Holds or releases the stripes of keys; none of them may be the one of the new key. */
  lock(keys: readonly string[], value: number): void {
    this.both((harness) => {
      for (const key of keys) {
        const stripe = hashIn(harness, key) & STRIPE_MASK;
        if (stripe === (hashIn(harness, 'new') & STRIPE_MASK))
          throw new Error(`unlucky key ${key}`);
        harness.parts.arena.stripes[stripe] = value;
      }
    });
  }

  /** Stores a new key, which the fast path must do; returns what a total of the class gained. */
  storeNew(slot: number): number {
    const { harness } = this.fast;
    const [before, requests] = [totalIn(harness, slot), this.fastRequests];
    this.send(NEW);
    expect(this.fastRequests - requests).toBe(1);
    this.compare();
    return totalIn(harness, slot) - before;
  }
}

test('an eviction skips an item whose stripe is busy', () => {
  const twins = new FullTwins(FLAT);
  twins.fill();
  const victims = [keyOf(0), keyOf(1)];
  twins.lock(victims, LOCK_HELD);
  expect(twins.storeNew(TOTAL.lrutailReflocked)).toBe(2);
  twins.lock(victims, 0);
  expect([0, 1, 2].map((nth) => has(twins.fast.harness, keyOf(nth)))).toEqual([true, true, false]);
  expect(twins.audit()).toEqual([]);
});

test('an eviction takes an item whose stripe the request itself holds', () => {
  const twins = new FullTwins(FLAT);
  const { harness } = twins.fast;
  twins.fill();
  const stripe = hashIn(harness, keyOf(0)) & STRIPE_MASK;
  let key = '';
  for (let nth = 0; key === ''; nth++) {
    if ((hashIn(harness, `n${nth}`) & STRIPE_MASK) === stripe) key = `n${nth}`;
  }
  const input = set(key, VALUE_BYTES);
  expect(runFast(harness, input)).toBe(input.length);
  expect(has(harness, keyOf(0))).toBe(false);
  expect(harness.parts.arena.stripes[stripe]).toBe(0);
});

test('an eviction gives up after so many busy candidates', () => {
  const twins = new FullTwins(FLAT);
  const { harness } = twins.fast;
  twins.fill();
  expect(twins.count).toBeGreaterThan(2 * CANDIDATES_MAX);
  const keys = Array.from({ length: twins.count }, (_, nth) => keyOf(nth));
  const own = hashIn(harness, 'new') & STRIPE_MASK;
  harness.parts.arena.stripes.fill(LOCK_HELD);
  harness.parts.arena.stripes[own] = 0;
  expect(
    keys.slice(0, CANDIDATES_MAX).some((key) => (hashIn(harness, key) & STRIPE_MASK) === own),
  ).toBe(false);
  expect(runFast(harness, NEW)).toBe(0);
  expect(totalIn(harness, TOTAL.lrutailReflocked)).toBe(CANDIDATES_MAX);
  harness.parts.arena.stripes.fill(0);
  expect(runFast(harness, NEW)).toBe(NEW.length);
});

test('an eviction spares so many items that were read, and then evicts one of them', () => {
  const twins = new FullTwins(FLAT);
  twins.fill();
  for (let nth = 0; nth < 2 * SECOND_CHANCES_MAX; nth++)
    twins.send(`get ${keyOf(nth)}\r\n`.repeat(3));
  expect(twins.storeNew(TOTAL.movesWithinLru)).toBe(SECOND_CHANCES_MAX);
  expect(totalIn(twins.fast.harness, TOTAL.evictedActive)).toBe(1);
  expect(has(twins.fast.harness, keyOf(SECOND_CHANCES_MAX))).toBe(false);
});

test('an eviction takes an item that has expired, although it was read', () => {
  const twins = new FullTwins(FLAT);
  twins.fill(1, 5);
  twins.fill();
  twins.send(`get ${keyOf(0)}\r\n`.repeat(3));
  twins.both(({ parts }) => parts.clock.tick(parts.clock.now() + 10));
  expect(twins.storeNew(TOTAL.reclaimed)).toBe(1);
  expect(totalIn(twins.fast.harness, TOTAL.movesWithinLru)).toBe(0);
});

test('an eviction goes on in the next list when all items of the first are busy', () => {
  const twins = new FullTwins(FLAT);
  twins.fill(3);
  twins.tune(S3FIFO);
  twins.fill();
  const busy = [0, 1, 2].map(keyOf);
  twins.lock(busy, LOCK_HELD);
  expect(twins.storeNew(TOTAL.lrutailReflocked)).toBe(3);
  twins.lock(busy, 0);
  expect(has(twins.fast.harness, keyOf(3))).toBe(false);
});

test('an eviction tries the busy list again after it spared an item of the next one', () => {
  const twins = new FullTwins(FLAT);
  twins.fill(3);
  twins.tune(S3FIFO);
  twins.fill();
  twins.send(`get ${keyOf(3)}\r\n`);
  const busy = [0, 1, 2].map(keyOf);
  twins.lock(busy, LOCK_HELD);
  expect(twins.storeNew(TOTAL.lrutailReflocked)).toBe(6);
  twins.lock(busy, 0);
  expect([3, 4].map((nth) => has(twins.fast.harness, keyOf(nth)))).toEqual([true, false]);
});

test.each([
  { title: 'less than a page', share: 0.9, pages: 1, ghostHits: 1, pageHits: 1 },
  { title: 'more than a page, in a class of two', share: 1.6, pages: 2, ghostHits: 1, pageHits: 0 },
  { title: 'more items than the class has', share: 1.6, pages: 1, ghostHits: 0, pageHits: 0 },
])('a new key has a ghost, $title ago', ({ share, pages, ghostHits, pageHits }) => {
  const twins = new FullTwins(S3FIFO);
  const { harness } = twins.fast;
  twins.both(({ parts }) => parts.pagePool.setLimit(pages));
  const perPage = harness.parts.slabs.chunksPerPage(classIn(harness));
  for (let nth = 0; nth < (pages + share) * perPage; nth++) {
    twins.send(set(keyOf(nth), VALUE_BYTES));
  }
  twins.send(set(keyOf(0), VALUE_BYTES));
  twins.compare();
  const totals = [TOTAL.ghostHits, TOTAL.pageHits].map((slot) => totalIn(harness, slot));
  expect(totals).toEqual([ghostHits, pageHits]);
});

test('a class evicts nothing while a first page beyond the limit leaves room in the pool', () => {
  const twins = new FullTwins(FLAT);
  const { harness } = twins.fast;
  twins.fill();
  expect(runFast(harness, NEW)).toBe(NEW.length);
  harness.parts.arena.control[CONTROL.firstPagesOverLimit]!++;
  expect(runFast(harness, set('newer', VALUE_BYTES))).toBe(0);
});
