import { writeDecimal64 } from '../../base/index.ts';
import { type Request, readU64, u64 } from '../../protocol/index.ts';
import { CLASS_COUNT, COUNT, FLAG, type ItemId, NO_ITEM, type Store } from '../../store/index.ts';

const TWO_32 = 0x1_0000_0000;
const DIGITS_MAX = 20;
/** The longest value that the node reads as a number; earlier decrements pad it with blanks. */
const NUMBER_BYTES_MAX = 4096;

/**
 * Arithmetic on a value that is a 64-bit number: increments wrap around, decrements stop at 0.
 * Each worker thread has one Counter.
 */
export class Counter {
  /** The number after the last `read`, `apply` or `create`, as two 32-bit words and as digits. */
  high = 0;
  low = 0;
  length = 0;
  readonly digits = Buffer.alloc(DIGITS_MAX);
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads the number of an opened item; as in memcached, blanks may surround it. */
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
   * Adds to the number that `read` found, or subtracts from it, and stores the result under the
   * key. Returns the item that is now linked, or NO_ITEM if there is no memory for it.
   */
  apply(hash: number, id: ItemId, isIncrement: boolean, high: number, low: number): ItemId {
    if (isIncrement) this.#add(high, low);
    else this.#subtract(high, low);
    this.#writeDigits();
    return this.#store.rewriteNumber(hash, id, this.digits, this.length);
  }

  /** Links a new item with this number, under a key that `open` did not find; or NO_ITEM. */
  create(request: Request, hash: number, expiry: number, high: number, low: number): ItemId {
    const store = this.#store;
    const { hasOwnCas } = request;
    const start = request.keyStart(0);
    const keyBytes = request.keyEnd(0) - start;
    this.high = high;
    this.low = low;
    this.#writeDigits();
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

  #writeDigits(): void {
    this.length = writeDecimal64(this.digits, 0, this.high, this.low);
  }

  #add(high: number, low: number): void {
    const sum = this.low + low;
    this.low = sum % TWO_32;
    this.high = (this.high + high + (sum >= TWO_32 ? 1 : 0)) % TWO_32;
  }

  #subtract(high: number, low: number): void {
    const isBelowZero = high > this.high || (high === this.high && low > this.low);
    const borrow = low > this.low ? 1 : 0;
    this.high = isBelowZero ? 0 : this.high - high - borrow;
    this.low = isBelowZero ? 0 : this.low - low + borrow * TWO_32;
  }
}
