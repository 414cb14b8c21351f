import { assert } from '../../base/index.ts';
import type { StoreParts } from '../assemble.ts';
import { LOOK_AHEAD_KEYS_MAX, LookAhead } from '../items/look-ahead.ts';
import { FLAG, NO_ITEM } from '../memory/item-layout.ts';
import { KEY_SLOTS } from '../memory/layout.ts';
import { slotOf } from './copy-slots.ts';

/** The slots of changes that one input has made, each once for each count. */
export type BegunSlots = readonly number[];

/** Settles keys; calls `settleBusy` for each whose lock is busy. */
interface FastSettling {
  settle(keys: Keys, settleBusy: (nth: number) => void): void;
}

/** Keys in one buffer. */
interface Keys {
  readonly count: number;
  readonly bytes: Buffer;
  startOf(nth: number): number;
  endOf(nth: number): number;
}

const NO_SLOTS: BegunSlots = [];

/**
 * Counts, for each slot of keys, the changes that holders may lack: a read of such a key must wait
 * as a change does. A thread counts a change before it makes it, so a thread that sees the change
 * sees the count. While changes are marked, an item that this thread writes has FLAG.copy until all
 * holders have it: the fast path stops there.
 *
 *   begin ──▶ the change ──▶ take ──▶ all holders have it ──▶ end ──▶ settle
 */
export class OpenChanges {
  /** The fast path of this thread, if it has one. */
  fast: FastSettling | undefined;
  readonly #parts: StoreParts;
  readonly #counts: Int32Array;
  /** By slot: the changes that this thread has begun since the last `take`. */
  readonly #own = new Uint16Array(KEY_SLOTS);
  readonly #lookAhead: LookAhead;
  #begun: number[] = [];

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#counts = parts.arena.openChanges;
    this.#lookAhead = new LookAhead(parts);
  }

  /** Whether this thread has begun changes since the last `take`. */
  get hasBegun(): boolean {
    return this.#begun.length > 0;
  }

  /** Whether this thread marks what it writes from now on. */
  set isMarking(isMarking: boolean) {
    this.#parts.linker.marksChanges = isMarking;
  }

  /** This thread is about to change the key `bytes[start, end)`. */
  begin(bytes: Buffer, start: number, end: number): void {
    const slot = this.#slotOf(bytes, start, end);
    if (this.#own[slot]! > 0) return;
    this.#note(slot);
    Atomics.add(this.#counts, slot, 1);
  }

  /** The fast path of this thread has counted a change, and made it. */
  begunFast(hash: number): void {
    this.#note(slotOf(hash));
  }

  /** Whether another input has changed the key, or one of its slot, and holders may lack that. */
  isOpen(bytes: Buffer, start: number, end: number): boolean {
    const slot = this.#slotOf(bytes, start, end);
    return Atomics.load(this.#counts, slot) > this.#own[slot]!;
  }

  /** What this thread has begun since the last call: the caller ends it once. */
  take(): BegunSlots {
    if (this.#begun.length === 0) return NO_SLOTS;
    const begun = this.#begun;
    this.#begun = [];
    for (const slot of begun) this.#own[slot] = 0;
    return begun;
  }

  /** All holders have these changes, or hold the keys no more. */
  end(slots: Iterable<number>): void {
    for (const slot of slots) {
      const before = Atomics.sub(this.#counts, slot, 1);
      assert(before > 0, 'each change ends once');
    }
  }

  /** Takes the mark from the items of keys, unless holders may lack a change of their slot. */
  settle(keys: Keys): void {
    if (this.fast === undefined) this.#settleAll(keys);
    else this.fast.settle(keys, (nth) => this.#settleBusy(keys, nth));
  }

  #settleBusy(keys: Keys, nth: number): void {
    const [start, end] = [keys.startOf(nth), keys.endOf(nth)];
    this.#settle(this.#parts.index.hashOf(keys.bytes, start, end), keys.bytes, start, end);
  }

  #settleAll(keys: Keys): void {
    const lookAhead = this.#lookAhead;
    for (let first = 0; first < keys.count; first += LOOK_AHEAD_KEYS_MAX) {
      const next = Math.min(first + LOOK_AHEAD_KEYS_MAX, keys.count);
      lookAhead.clear();
      for (let nth = first; nth < next; nth++) {
        lookAhead.add(keys.bytes, keys.startOf(nth), keys.endOf(nth));
      }
      lookAhead.load();
      for (let nth = first; nth < next; nth++) {
        this.#settle(lookAhead.takeHash(), keys.bytes, keys.startOf(nth), keys.endOf(nth));
      }
    }
  }

  #settle(hash: number, bytes: Buffer, start: number, end: number): void {
    const { stripes, index, items } = this.#parts;
    stripes.lock(hash);
    // A change that begins now is made after this, and marks the item again.
    if (Atomics.load(this.#counts, slotOf(hash)) === 0) {
      const id = index.find(hash, bytes, start, end - start);
      if (id !== NO_ITEM) items.clearFlags(id, FLAG.copy);
    }
    stripes.unlock(hash);
  }

  #note(slot: number): void {
    this.#own[slot]!++;
    this.#begun.push(slot);
  }

  #slotOf(bytes: Buffer, start: number, end: number): number {
    return slotOf(this.#parts.index.hashOf(bytes, start, end));
  }
}
