import { lock, unlock } from '../../base/index.ts';
import type { Arena } from '../memory/arena.ts';
import type { CounterSums } from '../memory/counters.ts';
import type { ItemId } from '../memory/item-layout.ts';
import { CLASS, CONTROL } from '../memory/layout.ts';
import type { Items } from './items.ts';

/** The store's time, in seconds. */
export interface StoreTime {
  /** Seconds on the store's clock. */
  now(): number;
  /** The Unix time, in seconds, of clock 0. */
  epoch(): number;
}

/** The most sequence numbers that one step skips. */
export const SEQ_SKIP_MAX = 2 ** 30;

/** The high word that belongs to this half of the low word's range. */
function highWordOf(low: number): number {
  return low >= 0x8000_0000 ? CONTROL.seqHighOdd : CONTROL.seqHighEven;
}

interface StoreClockParts {
  readonly arena: Arena;
  readonly items: Items;
  readonly sums: CounterSums;
}

/**
 * Decides which items are live: it has the store's clock, the sequence numbers that order all
 * writes (and are the CAS ids), and the flush, which hides every item older than a sequence number.
 */
export class StoreClock implements StoreTime {
  /** The sequence number that this thread drew last, in two words. */
  seqHigh = 0;
  seqLow = 0;
  readonly #control: Int32Array;
  readonly #classes: Int32Array;
  readonly #items: Items;
  readonly #sums: CounterSums;

  constructor({ arena, items, sums }: StoreClockParts) {
    this.#sums = sums;
    this.#control = arena.control;
    this.#classes = arena.classes;
    this.#items = items;
  }

  /** Seconds on the store's clock. */
  now(): number {
    return this.#control[CONTROL.clock]!;
  }

  /** The Unix time, in seconds, of clock 0. */
  epoch(): number {
    return this.#control[CONTROL.epoch]!;
  }

  /** Whether the item has reached its expiry. */
  isExpired(id: ItemId): boolean {
    const expiry = this.#items.expiry(id);
    return expiry !== 0 && expiry <= this.now();
  }

  /** Whether a flush hides the item, because its last write was before the flush. */
  isFlushed(id: ItemId): boolean {
    const high = this.#control[CONTROL.flushSeqHigh]!;
    const low = this.#control[CONTROL.flushSeqLow]! >>> 0;
    if (low === 0 && high === 0) return false;
    const itemHigh = this.#items.seqHigh(id);
    return itemHigh < high || (itemHigh === high && this.#items.seqLow(id) < low);
  }

  /** Whether a flush hides items with this sequence number. */
  isSeqFlushed(seqHigh: number, seqLow: number): boolean {
    const high = this.#control[CONTROL.flushSeqHigh]!;
    const low = this.#control[CONTROL.flushSeqLow]! >>> 0;
    return seqHigh < high || (seqHigh === high && seqLow < low);
  }

  /**
   * Draws the next sequence number into `seqHigh` and `seqLow`.
   *
   * There are two high words, one for each half of the low word's range. The thread that enters one
   * half increments the high word of the other half, 2^31 numbers before its next use.
   */
  drawSeq(): void {
    const low = (Atomics.add(this.#control, CONTROL.seqLow, 1) + 1) >>> 0;
    const odd = low >= 0x8000_0000;
    if (low === 0x8000_0000) Atomics.add(this.#control, CONTROL.seqHighEven, 1);
    if (low === 0) Atomics.add(this.#control, CONTROL.seqHighOdd, 1);
    this.seqHigh = this.#control[odd ? CONTROL.seqHighOdd : CONTROL.seqHighEven]!;
    this.seqLow = low;
  }

  /** The sequence number that was drawn last, by any thread. */
  lastSeq(): { readonly high: number; readonly low: number } {
    const control = this.#control;
    for (;;) {
      const low = Atomics.load(control, CONTROL.seqLow) >>> 0;
      const high = Atomics.load(control, highWordOf(low));
      const later = Atomics.load(control, CONTROL.seqLow) >>> 0;
      // The high word of this half changes only while the other half is in use.
      if (highWordOf(later) === highWordOf(low)) return { high, low };
    }
  }

  /**
   * Makes all numbers drawn from now on larger than this one. It skips less than half the range of
   * the low word at a time, so that the high words change as for single numbers.
   */
  raiseSeq(high: number, low: number): void {
    if (high === 0 && low === 0) return;
    for (;;) {
      const last = this.lastSeq();
      const missing = (high - last.high) * 2 ** 32 + low - last.low;
      if (missing <= 0) return;
      const step = Math.min(missing, SEQ_SKIP_MAX);
      const before = Atomics.add(this.#control, CONTROL.seqLow, step) >>> 0;
      const after = (before + step) >>> 0;
      if (highWordOf(before) === highWordOf(after)) continue;
      const entersOdd = highWordOf(after) === CONTROL.seqHighOdd;
      Atomics.add(this.#control, entersOdd ? CONTROL.seqHighEven : CONTROL.seqHighOdd, 1);
    }
  }

  /** Hides every item stored before now, permanently; cancels a pending flush. */
  flushNow(): void {
    Atomics.store(this.#control, CONTROL.flushAt, 0);
    this.#hideOlderItems();
  }

  /**
   * Hides every item with this sequence number or a lower one, permanently, unless a later flush
   * has hidden more; cancels a pending flush. Later writes get higher numbers. It hides first: else
   * another thread could give an old item a higher number.
   */
  flushUpTo(high: number, low: number): void {
    Atomics.store(this.#control, CONTROL.flushAt, 0);
    const isLast = low === 0xffff_ffff;
    this.#hideBelow(isLast ? high + 1 : high, isLast ? 0 : low + 1);
    this.raiseSeq(high, low);
  }

  /** Schedules a flush for the second `at`. Only one can be pending: a new one replaces it. */
  flushAt(at: number): void {
    Atomics.store(this.#control, CONTROL.flushAt, at);
  }

  /** Sets the clock to `seconds`, after a flush that is due. Only the maintainer calls it. */
  tick(seconds: number): void {
    const due = Atomics.load(this.#control, CONTROL.flushAt);
    if (due !== 0 && seconds >= due) {
      if (Atomics.compareExchange(this.#control, CONTROL.flushAt, due, 0) === due) {
        this.#hideOlderItems();
      }
    }
    Atomics.store(this.#control, CONTROL.clock, seconds);
  }

  /**
   * The most items that can be visible while hidden ones of a flush are not freed: those that were
   * stored since. Undefined when nothing is left to free.
   */
  visibleItemsMax(): number | undefined {
    const control = this.#control;
    const isDone =
      Atomics.load(control, CONTROL.crawlFlushed) === 0 &&
      Atomics.load(control, CONTROL.flushPass) === 0;
    if (isDone) return undefined;
    return (this.#sums.lifetime('total_items') - control[CONTROL.storedAtFlush]!) >>> 0;
  }

  #hideOlderItems(): void {
    this.drawSeq();
    this.#hideBelow(this.seqHigh, this.seqLow);
  }

  /** Changes nothing if as much is hidden: the number never falls, and a flush counts once. */
  #hideBelow(high: number, low: number): void {
    lock(this.#control, CONTROL.flushLock);
    if (!this.#isHiddenBelow(high, low)) {
      this.#control[CONTROL.storedAtFlush] = this.#sums.lifetime('total_items');
      this.#control[CONTROL.flushSeqHigh] = high;
      this.#control[CONTROL.flushSeqLow] = low;
      // Every class may now hold items that the crawler can free.
      for (let at = CLASS.soonestExpiry; at < this.#classes.length; at += CLASS.words)
        this.#classes[at] = 1;
      Atomics.store(this.#control, CONTROL.crawlFlushed, 1);
    }
    unlock(this.#control, CONTROL.flushLock);
  }

  #isHiddenBelow(high: number, low: number): boolean {
    const isSame =
      this.#control[CONTROL.flushSeqHigh]! === high &&
      this.#control[CONTROL.flushSeqLow]! >>> 0 === low;
    return isSame || this.isSeqFlushed(high, low);
  }
}
