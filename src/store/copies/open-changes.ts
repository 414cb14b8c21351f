import { assert } from '../../base/index.ts';
import type { StoreParts } from '../assemble.ts';
import { FLAG, NO_ITEM } from '../memory/item-layout.ts';
import { COPY_SLOT_WORDS, COUNTS_AT, slotOf } from './copy-slots.ts';

/** The slots of changes that one input has made. */
export type BegunSlots = readonly number[];

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
  readonly #parts: StoreParts;
  readonly #counts: Int32Array;
  /** By slot: whether this thread has begun a change since the last `take`. */
  readonly #own = new Uint8Array(COPY_SLOT_WORDS - COUNTS_AT);
  #begun: number[] = [];

  /** `words`: COPY_SLOT_WORDS words of shared memory, the same for all threads of the node. */
  constructor(parts: StoreParts, words: Uint32Array) {
    const { buffer, byteOffset } = words;
    const countsByte = byteOffset + COUNTS_AT * Int32Array.BYTES_PER_ELEMENT;
    this.#parts = parts;
    this.#counts = new Int32Array(buffer, countsByte, COPY_SLOT_WORDS - COUNTS_AT);
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
    if (this.#own[slot] === 1) return;
    this.#own[slot] = 1;
    this.#begun.push(slot);
    Atomics.add(this.#counts, slot, 1);
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

  /** Takes the mark from the item of a key, unless holders may lack a change of its slot. */
  settle(bytes: Buffer, start: number, end: number): void {
    const { stripes, index, items } = this.#parts;
    const hash = index.hashOf(bytes, start, end);
    stripes.lock(hash);
    // A change that begins now is made after this, and marks the item again.
    if (Atomics.load(this.#counts, slotOf(hash)) === 0) {
      const id = index.find(hash, bytes, start, end - start);
      if (id !== NO_ITEM) items.clearFlags(id, FLAG.copy);
    }
    stripes.unlock(hash);
  }

  #slotOf(bytes: Buffer, start: number, end: number): number {
    return slotOf(this.#parts.index.hashOf(bytes, start, end));
  }
}
