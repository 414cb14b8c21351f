import { BufferView, type HashKey, halfSipHash, tryLock, unlock } from '../../base/index.ts';
import type { Arena } from '../memory/arena.ts';
import { type ItemId, NO_ITEM } from '../memory/item-layout.ts';
import { CONTROL, INDEX_LOAD_MAX } from '../memory/layout.ts';
import type { StripeLocks } from '../memory/stripe-locks.ts';
import type { Items } from './items.ts';

/**
 * The longest bucket. With at most 3 items a bucket on average (before its split), no bucket of
 * 2^30 becomes this long by chance: only keys that were searched for make it so.
 */
export const BUCKET_ITEMS_MAX = 64;

interface IndexTableParts {
  readonly arena: Arena;
  readonly items: Items;
  readonly stripes: StripeLocks;
}

/**
 * The index from key hashes to items: each bucket heads a linked list of items. It grows by linear
 * hashing (Witold Litwin, 1980), one bucket at a time, so no operation waits for a rehash.
 *
 *   buckets   0 … split-1 │ split … 2^level-1 │ 2^level … 2^level+split-1
 *             split: both   not yet split:       the upper halves of the split ones
 *             use level+1   use level bits
 *
 * The bucket count, 2^level + split, gives both. A bucket and the one it splits into share their
 * low bits, so they share a stripe: no other thread changes a bucket while a thread holds its
 * stripe. The caller of every method holds the stripe, except for
 * `growIfFull` and `headOf`.
 */
export class IndexTable {
  readonly #control: Int32Array;
  readonly #stripes: StripeLocks;
  readonly #buckets: Uint32Array;
  readonly #view: DataView;
  readonly #items: Items;
  readonly #bucketsMax: number;
  readonly #key: HashKey;
  /** Views the bytes of the last key: those of many keys are in one buffer. */
  readonly #keySource = new BufferView();

  constructor(parts: IndexTableParts) {
    const { arena } = parts;
    this.#control = arena.control;
    this.#buckets = arena.buckets;
    this.#view = arena.view;
    this.#bucketsMax = arena.layout.bucketsMax;
    this.#key = arena.hashKey;
    this.#items = parts.items;
    this.#stripes = parts.stripes;
  }

  /** The hash of a key, as a signed 32-bit number: fields and arrays hold it without a box. */
  hashOf(bytes: Buffer, start: number, end: number): number {
    this.#keySource.show(bytes);
    return halfSipHash(this.#keySource.view, start, end, this.#key);
  }

  hashOfItem(id: ItemId): number {
    const at = this.#items.keyAt(id);
    return halfSipHash(this.#view, at, at + this.#items.keyBytes(id), this.#key);
  }

  find(hash: number, bytes: Buffer, start: number, length: number): ItemId {
    let id = this.#buckets[this.#bucketOf(hash)]!;
    while (id !== NO_ITEM && !this.#items.keyEquals(id, bytes, start, length)) {
      id = this.#items.bucketNext(id);
    }
    return id;
  }

  insert(hash: number, id: ItemId): void {
    const bucket = this.#bucketOf(hash);
    this.#items.setBucketNext(id, this.#buckets[bucket]!);
    this.#buckets[bucket] = id;
    Atomics.add(this.#control, CONTROL.itemCount, 1);
  }

  /** The last item of the bucket if it is full: it must go before another item may enter. */
  lastOfFullBucket(hash: number): ItemId {
    let last: ItemId = NO_ITEM;
    let itemCount = 0;
    for (let id = this.#buckets[this.#bucketOf(hash)]!; id !== NO_ITEM; id = this.next(id)) {
      last = id;
      itemCount++;
    }
    return itemCount < BUCKET_ITEMS_MAX ? NO_ITEM : last;
  }

  /** Replaces `old` with `fresh`, an item of the same key. */
  replace(hash: number, old: ItemId, fresh: ItemId): void {
    this.#repoint(hash, old, fresh);
    this.#items.setBucketNext(fresh, this.#items.bucketNext(old));
  }

  remove(hash: number, id: ItemId): void {
    this.#repoint(hash, id, this.#items.bucketNext(id));
    Atomics.sub(this.#control, CONTROL.itemCount, 1);
  }

  /** Makes the link that points to `id` point to `next`. */
  #repoint(hash: number, id: ItemId, next: ItemId): void {
    const bucket = this.#bucketOf(hash);
    let at = this.#buckets[bucket]!;
    if (at === id) {
      this.#buckets[bucket] = next;
    } else {
      while (this.#items.bucketNext(at) !== id) at = this.#items.bucketNext(at);
      this.#items.setBucketNext(at, next);
    }
  }

  /**
   * How many groups of buckets there are now. Of `n` groups, group `g` holds the buckets `g`, `g +
   * n`, `g + 2n` … and keeps its items while the index grows. All buckets of a group share one
   * stripe.
   */
  groupCount(): number {
    return 2 ** (31 - Math.clz32(this.bucketCount()));
  }

  /** How many items a group has. The caller has locked it. */
  groupItemCount(group: number, groups: number): number {
    let items = 0;
    for (let bucket = group; bucket < this.bucketCount(); bucket += groups) {
      for (let id = this.first(bucket); id !== NO_ITEM; id = this.next(id)) items++;
    }
    return items;
  }

  /** The first item of a bucket. */
  first(bucket: number): ItemId {
    return this.#buckets[bucket]!;
  }

  /** The first item in the bucket of this hash. Without the stripe it is only a guess. */
  headOf(hash: number): ItemId {
    return this.#buckets[this.#bucketOf(hash)]!;
  }

  /** The next item of the bucket. */
  next(id: ItemId): ItemId {
    return this.#items.bucketNext(id);
  }

  /** How many items are linked. */
  count(): number {
    return Atomics.load(this.#control, CONTROL.itemCount);
  }

  /** How many buckets the index has. */
  bucketCount(): number {
    return Atomics.load(this.#control, CONTROL.buckets);
  }

  /** Splits one bucket when the index is full. The caller holds no lock. */
  growIfFull(): void {
    const buckets = this.bucketCount();
    if (this.count() <= buckets * INDEX_LOAD_MAX || buckets === this.#bucketsMax) return;
    if (!tryLock(this.#control, CONTROL.growLock)) return;
    this.#splitNext();
    unlock(this.#control, CONTROL.growLock);
  }

  #splitNext(): void {
    const buckets = this.bucketCount();
    if (buckets === this.#bucketsMax) return;
    const half = 2 ** (31 - Math.clz32(buckets));
    const lower = buckets - half;
    this.#stripes.lock(lower);
    let stay: ItemId = NO_ITEM;
    let move: ItemId = NO_ITEM;
    let id = this.#buckets[lower]!;
    while (id !== NO_ITEM) {
      const next = this.#items.bucketNext(id);
      const moves = (this.hashOfItem(id) & half) !== 0;
      this.#items.setBucketNext(id, moves ? move : stay);
      if (moves) move = id;
      else stay = id;
      id = next;
    }
    this.#buckets[lower] = stay;
    this.#buckets[buckets] = move;
    Atomics.store(this.#control, CONTROL.buckets, buckets + 1);
    this.#stripes.unlock(lower);
  }

  /** A plain read suffices: a split that moves this hash holds its stripe, as the caller does. */
  #bucketOf(hash: number): number {
    const buckets = this.#control[CONTROL.buckets]!;
    const half = 1 << (31 - Math.clz32(buckets));
    const bucket = hash & (half * 2 - 1);
    return bucket < buckets ? bucket : bucket & (half - 1);
  }
}
