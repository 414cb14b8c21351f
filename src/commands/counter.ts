import { writeDecimal64 } from '../base/index.ts';
import { type Request, readU64, u64 } from '../protocol/index.ts';
import { CLASS_COUNT, COUNT, FLAG, type ItemId, NO_ITEM, type Store } from '../store/index.ts';

const TWO_32 = 0x1_0000_0000;
const DIGITS_MAX = 20;
/** The longest value that can be a number: digits, and blanks from earlier decrements. */
const NUMBER_BYTES_MAX = 4096;

/** A value that is a number of 64 bits: up wraps around, down stops at 0. One for each thread. */
export class Counter {
  /** The number after the last `read`, `apply` or `create`, in two words and in digits. */
  high = 0;
  low = 0;
  length = 0;
  readonly digits = Buffer.alloc(DIGITS_MAX);
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads an opened item's value as memcached does: blanks around it are no harm. */
  read(id: ItemId): boolean {
    const { items, arena } = this.#store;
    const length = items.valueBytes(id);
    const at = items.valueAt(id);
    if (length === 0 || length > NUMBER_BYTES_MAX || items.isChained(id)) return false;
    if (!readU64(arena.bytes, at, at + length)) return false;
    this.high = u64.high;
    this.low = u64.low;
    return true;
  }

  /**
   * Adds to the number read, or subtracts from it, and puts it in place of the item's value. Returns
   * the item now in place, or NO_ITEM when there is no memory for it.
   */
  apply(hash: number, id: ItemId, up: boolean, high: number, low: number): ItemId {
    if (up) this.#add(high, low);
    else this.#subtract(high, low);
    this.#write();
    return this.#store.rewriteNumber(hash, id, this.digits, this.length);
  }

  /** Links a new item with this number under a key that `open` did not find; or NO_ITEM. */
  create(request: Request, hash: number, expiry: number, high: number, low: number): ItemId {
    const store = this.#store;
    const { hasOwnCas } = request;
    const start = request.keyStart(0);
    const keyBytes = request.keyEnd(0) - start;
    this.high = high;
    this.low = low;
    this.#write();
    const id = store.allocateOpened(hash, NO_ITEM, keyBytes, 0, expiry, this.length, hasOwnCas);
    if (id === NO_ITEM) return NO_ITEM;
    store.writeKey(id, request.keySource, start, start + keyBytes);
    store.writeValue(id, 0, this.digits, 0, this.length);
    if (request.keyBinary) store.items.setFlags(id, FLAG.keyBinary);
    store.link(hash, NO_ITEM, id);
    if (hasOwnCas) store.items.setOwnCas(id, request.ownCasHigh, request.ownCasLow);
    return id;
  }

  countMiss(up: boolean): void {
    this.#store.counters.add(up ? COUNT.incr_misses : COUNT.decr_misses);
  }

  countHit(up: boolean, sizeClass: number): void {
    const slot = up ? CLASS_COUNT.incr_hits : CLASS_COUNT.decr_hits;
    this.#store.counters.addToClass(sizeClass, slot);
  }

  #write(): void {
    this.length = writeDecimal64(this.digits, 0, this.high, this.low);
  }

  #add(high: number, low: number): void {
    const sum = this.low + low;
    this.low = sum % TWO_32;
    this.high = (this.high + high + (sum >= TWO_32 ? 1 : 0)) % TWO_32;
  }

  #subtract(high: number, low: number): void {
    const more = high > this.high || (high === this.high && low > this.low);
    const borrow = low > this.low ? 1 : 0;
    this.high = more ? 0 : this.high - high - borrow;
    this.low = more ? 0 : this.low - low + borrow * TWO_32;
  }
}
