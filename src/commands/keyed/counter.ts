import { writeDecimal64 } from '../../base/index.ts';
import {
  type CounterFacts,
  type Request,
  readU64,
  STATUS,
  type Status,
  u64,
} from '../../protocol/index.ts';
import { CLASS_COUNT, COUNT, type ItemId, type ItemStore, NO_ITEM } from '../../store/index.ts';
import { matchesCas } from './match-cas.ts';
import type { OpenKey } from './open-key.ts';
import type { RequestItem } from './request-item.ts';

const TWO_32 = 0x1_0000_0000;
const DIGITS_MAX = 20;
/** The longest value that the node reads as a number; earlier decrements pad it with blanks. */
const NUMBER_BYTES_MAX = 4096;

/**
 * Arithmetic on a value that is a 64-bit number: increments wrap around, decrements stop at 0.
 * Each worker thread has one Counter.
 */
export class Counter implements CounterFacts {
  /**
   * The number after the last `refusalOf`, `apply` or `create`, as two 32-bit words and as digits.
   */
  high = 0;
  low = 0;
  length = 0;
  readonly digits = Buffer.alloc(DIGITS_MAX);
  /** The size class of the last created item. */
  createdClass = 0;
  /** The CAS id of the item after the last `takeCas`. */
  casHigh = 0;
  casLow = 0;
  readonly #store: ItemStore;
  readonly #key: OpenKey;
  readonly #item: RequestItem;

  constructor(key: OpenKey, item: RequestItem) {
    this.#store = key.store;
    this.#key = key;
    this.#item = item;
  }

  /**
   * Reads the number of an opened item. Returns the status of the reply if the request must not
   * count it: it is no number, or it has another CAS id than the request.
   */
  refusalOf(request: Request, id: ItemId): Status | undefined {
    if (this.#store.items.valueBytes(id) === 0) return STATUS.nonNumeric;
    if (!matchesCas(this.#store, request, id)) return STATUS.exists;
    return this.#read(id) ? undefined : STATUS.nonNumeric;
  }

  /** As in memcached, blanks may surround the number. */
  #read(id: ItemId): boolean {
    const { items, bytes } = this.#store;
    const length = items.valueBytes(id);
    const at = items.valueAt(id);
    if (length === 0 || length > NUMBER_BYTES_MAX || items.isChained(id)) return false;
    if (!readU64(bytes.bytes, at, at + length)) return false;
    this.high = u64.high;
    this.low = u64.low;
    return true;
  }

  /**
   * Adds to the number that `refusalOf` read, or subtracts from it, and stores the result under the
   * opened key. Counts a hit. Returns the item that is now linked, or NO_ITEM if there is no memory
   * for it.
   */
  apply(id: ItemId, isIncrement: boolean, { deltaHigh, deltaLow }: Request): ItemId {
    this.#countHit(isIncrement, this.#store.items.lruClassOf(id));
    if (isIncrement) this.#add(deltaHigh, deltaLow);
    else this.#subtract(deltaHigh, deltaLow);
    this.#writeDigits();
    return this.#store.rewriteNumber(this.#key.hash, id, this.digits, this.length);
  }

  /** Creates an item with the initial number of the request, under an opened key; or NO_ITEM. */
  create(request: Request, expiry: number): ItemId {
    this.high = request.initialHigh;
    this.low = request.initialLow;
    this.#writeDigits();
    this.#item.takeNew(request, this.#key.hash, 0, expiry);
    const id = this.#item.create(NO_ITEM, this.digits, this.length);
    if (id !== NO_ITEM) this.createdClass = this.#store.items.lruClassOf(id);
    return id;
  }

  /** Takes the CAS id of an opened item, for the reply. */
  takeCas(id: ItemId): void {
    this.casHigh = this.#store.items.casHigh(id);
    this.casLow = this.#store.items.casLow(id);
  }

  countMiss(isIncrement: boolean): void {
    this.#store.counters.add(isIncrement ? COUNT.incr_misses : COUNT.decr_misses);
  }

  #countHit(isIncrement: boolean, sizeClass: number): void {
    const slot = isIncrement ? CLASS_COUNT.incr_hits : CLASS_COUNT.decr_hits;
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
