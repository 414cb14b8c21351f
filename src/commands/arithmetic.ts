import { writeDecimal64 } from '../base/index.ts';
import { type ReplyWriter, type Request, readU64, STATUS, u64, VERB } from '../protocol/index.ts';
import { CLASS_COUNT, COUNT, type ItemId, NO_ITEM, OUTCOME, type Store } from '../store/index.ts';

const TWO_32 = 0x1_0000_0000;
const DIGITS_MAX = 20;
/** The longest value that can be a number: digits, and blanks from earlier decrements. */
const NUMBER_BYTES_MAX = 4096;

/** incr and decr: 64 bits; up wraps around, down stops at 0. */
export class Arithmetic {
  readonly #store: Store;
  readonly #digits = Buffer.alloc(DIGITS_MAX);
  #length = 0;
  #high = 0;
  #low = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  answer(request: Request, reply: ReplyWriter): void {
    const store = this.#store;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    const hash = store.hashOf(request.input, start, end);
    const id = store.open(hash, request.input, start, end);
    const sizeClass = id === NO_ITEM ? 0 : store.items.classOf(id);
    const isNumber = id !== NO_ITEM && this.#read(id);
    let outcome: number = OUTCOME.nonNumeric;
    if (isNumber) {
      this.#apply(request);
      outcome = store.rewriteNumber(hash, id, this.#digits, this.#length);
    }
    store.close(hash);
    this.#count(request, id, sizeClass, isNumber);
    if (id === NO_ITEM) reply.status(request, STATUS.notFound);
    else if (!isNumber) reply.status(request, STATUS.nonNumeric);
    else if (outcome === OUTCOME.stored) reply.counter(request, this.#high, this.#low);
    else reply.status(request, STATUS.outOfMemory);
  }

  /** Reads the item's value as memcached does: blanks around it are no harm. */
  #read(id: ItemId): boolean {
    const { items, arena } = this.#store;
    const length = items.valueBytes(id);
    const at = items.valueAt(id);
    if (length === 0 || length > NUMBER_BYTES_MAX) return false;
    if (!readU64(arena.bytes, at, at + length)) return false;
    this.#high = u64.high;
    this.#low = u64.low;
    return true;
  }

  /** Adds or subtracts the request's delta, and writes the digits. */
  #apply(request: Request): void {
    const { deltaHigh, deltaLow } = request;
    if (request.verb === VERB.increment) this.#add(deltaHigh, deltaLow);
    else this.#subtract(deltaHigh, deltaLow);
    this.#length = writeDecimal64(this.#digits, 0, this.#high, this.#low);
  }

  #add(high: number, low: number): void {
    const sum = this.#low + low;
    this.#low = sum % TWO_32;
    this.#high = (this.#high + high + (sum >= TWO_32 ? 1 : 0)) % TWO_32;
  }

  #subtract(high: number, low: number): void {
    const more = high > this.#high || (high === this.#high && low > this.#low);
    const borrow = low > this.#low ? 1 : 0;
    this.#high = more ? 0 : this.#high - high - borrow;
    this.#low = more ? 0 : this.#low - low + borrow * TWO_32;
  }

  #count(request: Request, id: ItemId, sizeClass: number, isNumber: boolean): void {
    const { counters } = this.#store;
    const down = request.verb === VERB.decrement;
    if (id === NO_ITEM) counters.add(down ? COUNT.decr_misses : COUNT.incr_misses);
    else if (isNumber) {
      counters.addToClass(sizeClass, down ? CLASS_COUNT.decr_hits : CLASS_COUNT.incr_hits);
    }
  }
}
