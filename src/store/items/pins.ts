import type { ByteSink } from '../../base/index.ts';
import type { Arena } from '../memory/arena.ts';
import { FLAG, type ItemId } from '../memory/item-layout.ts';
import type { StripeLocks } from '../memory/stripe-locks.ts';
import type { Chains } from './chains.ts';
import type { Items } from './items.ts';
import type { Releaser } from './releaser.ts';

interface PinsParts {
  readonly arena: Arena;
  readonly stripes: StripeLocks;
  readonly items: Items;
  readonly chains: Chains;
  readonly releaser: Releaser;
}

/** Pins chained items, so that a reader needs no lock while it copies their values. */
export class Pins {
  readonly #parts: PinsParts;

  constructor(parts: PinsParts) {
    this.#parts = parts;
  }

  /** Keeps the chunks of a chained item until `unpin`. The caller holds the stripe of its key. */
  pin(id: ItemId): void {
    const { chains } = this.#parts;
    chains.setPins(id, chains.pins(id) + 1);
  }

  /**
   * Ends a `pin` of an item whose key has that hash. The last `unpin` of an unlinked item frees it.
   * The caller holds no lock.
   */
  unpin(hash: number, id: ItemId): void {
    const { stripes, chains, items, releaser } = this.#parts;
    stripes.lock(hash);
    const pins = chains.pins(id) - 1;
    chains.setPins(id, pins);
    const isLast = pins === 0 && !items.hasFlag(id, FLAG.linked);
    stripes.unlock(hash);
    if (isLast) releaser.release(id);
  }

  /**
   * Appends `length` bytes of a pinned value, from `offset` on, to a sink that has room for them.
   */
  read(id: ItemId, offset: number, length: number, sink: ByteSink): void {
    const { arena, chains } = this.#parts;
    for (let from = offset; from < offset + length; ) {
      const at = chains.byteAt(id, from);
      const bytes = Math.min(offset + length - from, chains.contiguousBytes(id, from));
      sink.putRange(arena.bytes, at, at + bytes);
      from += bytes;
    }
  }
}
