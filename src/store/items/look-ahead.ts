import type { Arena } from '../memory/arena.ts';
import { ITEM, type ItemId, wordOf } from '../memory/item-layout.ts';
import type { IndexTable } from './index-table.ts';

/** The most keys of one look-ahead. With 64 a get of 50 keys was 1 % faster. */
export const LOOK_AHEAD_KEYS_MAX = 32;

/** Offsets in words: where the second and the third cache line of an item start, roughly. */
const SECOND_LINE = 16;
const THIRD_LINE = 32;

interface LookAheadParts {
  readonly arena: Pick<Arena, 'words'>;
  readonly index: Pick<IndexTable, 'hashOf' | 'headOf'>;
}

/**
 * Loads the items of the next keys into the processor's cache. Without it each key waits for the
 * memory several times, because a processor does not begin the reads after a lock before it holds
 * the lock. Here the reads of all keys depend on no lock, and the processor runs them together.
 *
 * It holds no stripe. So an id that it reads may belong to an item that was freed since, and the
 * word for the next one may now be a part of a value: it reads any place inside the slab pages,
 * and uses nothing of what it finds.
 */
export class LookAhead {
  readonly #index: LookAheadParts['index'];
  readonly #words: Uint32Array;
  readonly #wordMax: number;
  readonly #hashes = new Int32Array(LOOK_AHEAD_KEYS_MAX);
  readonly #ids = new Uint32Array(LOOK_AHEAD_KEYS_MAX);
  #count = 0;
  #taken = 0;
  /** A digest of all words that were read: the compiler drops reads that nothing uses. */
  #seen = 0;

  constructor({ arena, index }: LookAheadParts) {
    this.#index = index;
    this.#words = arena.words;
    this.#wordMax = arena.words.length - 1 - THIRD_LINE;
  }

  clear(): void {
    this.#count = 0;
    this.#taken = 0;
  }

  /** Adds a key; at most LOOK_AHEAD_KEYS_MAX after a `clear`. */
  add(bytes: Buffer, start: number, end: number): void {
    const hash = this.#index.hashOf(bytes, start, end);
    this.#hashes[this.#count] = hash;
    this.#ids[this.#count] = this.#index.headOf(hash);
    this.#count++;
  }

  /** Loads the first two items in the bucket of each key: a bucket has at most 1.5 on average. */
  load(): void {
    this.#loadNext();
    this.#loadNext();
  }

  /** Whether `takeHash` has returned the hashes of all keys. */
  get isUsedUp(): boolean {
    return this.#taken === this.#count;
  }

  /** The hash of the next key, in the order of `add`. */
  takeHash(): number {
    return this.#hashes[this.#taken++]!;
  }

  #loadNext(): void {
    const ids = this.#ids;
    const words = this.#words;
    const wordMax = this.#wordMax;
    const count = this.#count;
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const at = wordOf(ids[i]!);
      if (at < 0 || at > wordMax) continue;
      const next: ItemId = words[at + ITEM.bucketNext]!;
      ids[i] = next;
      seen ^= next ^ words[at + SECOND_LINE]! ^ words[at + THIRD_LINE]!;
    }
    this.#seen ^= seen;
  }
}
