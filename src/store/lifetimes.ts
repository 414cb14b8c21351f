import type { Arena } from './arena.ts';
import type { Items } from './items.ts';
import { CLASS, CONTROL, type ItemId } from './layout.ts';

/**
 * What is still alive: the store's clock, the sequence numbers that order all writes (and are the
 * CAS ids), and the flush that hides everything older than one of them.
 */
export class Lifetimes {
  /** The number drawn last, in two words. */
  seqHigh = 0;
  seqLow = 0;
  readonly #control: Int32Array;
  readonly #classes: Int32Array;
  readonly #items: Items;

  constructor(arena: Arena, items: Items) {
    this.#control = arena.control;
    this.#classes = arena.classes;
    this.#items = items;
  }

  /** Seconds on the store's clock. */
  now(): number {
    return this.#control[CONTROL.clock]!;
  }

  /** Unix seconds of clock 0. */
  epoch(): number {
    return this.#control[CONTROL.epoch]!;
  }

  /** Whether the item is past its expiry. */
  isExpired(id: ItemId): boolean {
    const expiry = this.#items.expiry(id);
    return expiry !== 0 && expiry <= this.now();
  }

  /** Whether a flush hides the item: it was written before the flush. */
  isFlushed(id: ItemId): boolean {
    const high = this.#control[CONTROL.flushSeqHigh]!;
    const low = this.#control[CONTROL.flushSeqLow]! >>> 0;
    if (low === 0 && high === 0) return false;
    const itemHigh = this.#items.seqHigh(id);
    return itemHigh < high || (itemHigh === high && this.#items.seqLow(id) < low);
  }

  /**
   * Draws the next sequence number into `seqHigh` and `seqLow`.
   *
   * The high word is kept twice, for the even and the odd half of the low word's round: who crosses
   * into one half prepares the other's word, two thousand million numbers before its next use.
   */
  drawSeq(): void {
    const low = (Atomics.add(this.#control, CONTROL.seqLow, 1) + 1) >>> 0;
    const odd = low >= 0x8000_0000;
    if (low === 0x8000_0000) Atomics.add(this.#control, CONTROL.seqHighEven, 1);
    if (low === 0) Atomics.add(this.#control, CONTROL.seqHighOdd, 1);
    this.seqHigh = Atomics.load(this.#control, odd ? CONTROL.seqHighOdd : CONTROL.seqHighEven);
    this.seqLow = low;
  }

  /** Hides every item stored before now, for good; cancels a pending flush. */
  flushNow(): void {
    Atomics.store(this.#control, CONTROL.flushAt, 0);
    this.#hideOlder();
  }

  /** Flushes when the clock reaches `at`. One flush can be pending: a new one takes its place. */
  flushAt(at: number): void {
    Atomics.store(this.#control, CONTROL.flushAt, at);
  }

  /** Moves the clock to `seconds`; a flush that is due happens first. One thread calls it. */
  tick(seconds: number): void {
    const due = Atomics.load(this.#control, CONTROL.flushAt);
    if (due !== 0 && seconds >= due) {
      if (Atomics.compareExchange(this.#control, CONTROL.flushAt, due, 0) === due) {
        this.#hideOlder();
      }
    }
    Atomics.store(this.#control, CONTROL.clock, seconds);
  }

  #hideOlder(): void {
    this.drawSeq();
    this.#control[CONTROL.flushSeqHigh] = this.seqHigh;
    this.#control[CONTROL.flushSeqLow] = this.seqLow;
    // In every class there may be items to free from now on.
    for (let at = CLASS.soonest; at < this.#classes.length; at += CLASS.words)
      this.#classes[at] = 1;
  }
}
