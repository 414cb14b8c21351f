import { type Request, STATUS, type Status, VERB, type Verb } from '../protocol/index.ts';
import {
  CLASS_COUNT,
  COUNT,
  type ItemId,
  MODE,
  type Mode,
  NO_ITEM,
  OUTCOME,
  type Store,
} from '../store/index.ts';
import { expiryOf } from './expiry.ts';

const MODE_OF: Readonly<Partial<Record<Verb, Mode>>> = {
  [VERB.set]: MODE.set,
  [VERB.add]: MODE.add,
  [VERB.replace]: MODE.replace,
  [VERB.append]: MODE.append,
  [VERB.prepend]: MODE.prepend,
  [VERB.cas]: MODE.cas,
};

const STATUS_OF: Readonly<Record<number, Status>> = {
  [OUTCOME.stored]: STATUS.stored,
  [OUTCOME.notStored]: STATUS.notStored,
  [OUTCOME.exists]: STATUS.exists,
  [OUTCOME.notFound]: STATUS.notFound,
};

/**
 * A value on its way in: the item is allocated when the request line is read, filled as bytes
 * arrive, and linked only when complete. One per connection, used again for each value.
 */
export class PendingValue {
  item: ItemId = NO_ITEM;
  mode: Mode = MODE.set;
  hash = 0;
  casHigh = 0;
  casLow = 0;
  noreply = false;
  valueBytes = 0;
  received = 0;
}

/** set, add, replace, append, prepend, cas. */
export class ValueWriter {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Makes room for the value that a storage request announces. When there is none, the status says
   * why, the data block is to be skipped, and a `set` has removed the old value, lest it outlive
   * the new one that was lost.
   */
  begin(request: Request, pending: PendingValue): Status | undefined {
    const store = this.#store;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    const { lifetimes } = store;
    const expiry = expiryOf(request.exptime, lifetimes.now(), lifetimes.epoch());
    const fits = store.fits(end - start, request.clientFlags, request.valueBytes);
    const item = fits
      ? store.allocate(end - start, request.clientFlags, expiry, request.valueBytes)
      : NO_ITEM;
    if (item === NO_ITEM) return this.#failed(request, fits);
    store.writeKey(item, request.input, start, end);
    pending.item = item;
    pending.mode = MODE_OF[request.verb]!;
    pending.hash = store.hashOf(request.input, start, end);
    pending.casHigh = request.casHigh;
    pending.casLow = request.casLow;
    pending.noreply = request.noreply;
    pending.valueBytes = request.valueBytes;
    pending.received = 0;
    return undefined;
  }

  /** Takes the next bytes of the value: `input[start, end)`, never more than are missing. */
  receive(pending: PendingValue, input: Buffer, start: number, end: number): void {
    this.#store.writeValue(pending.item, pending.received, input, start, end);
    pending.received += end - start;
  }

  /** Links the complete item, if the request's condition holds. */
  complete(pending: PendingValue): Status {
    const { item, hash, mode, casHigh, casLow } = pending;
    this.#countSet(item);
    pending.item = NO_ITEM;
    return STATUS_OF[this.#store.put(hash, item, mode, casHigh, casLow)]!;
  }

  /** The data block was not ended by CRLF: the value is dropped, the old one stays. */
  spoiled(pending: PendingValue): Status {
    this.#countSet(pending.item);
    this.abandon(pending);
    return STATUS.badDataChunk;
  }

  /** Frees a value that will never be complete. */
  abandon(pending: PendingValue): void {
    if (pending.item === NO_ITEM) return;
    this.#store.release(pending.item);
    pending.item = NO_ITEM;
  }

  #failed(request: Request, fits: boolean): Status {
    this.#store.counters.add(fits ? COUNT.store_no_memory : COUNT.store_too_large);
    if (request.verb === VERB.set) {
      const start = request.keyStart(0);
      const end = request.keyEnd(0);
      this.#store.remove(this.#store.hashOf(request.input, start, end), request.input, start, end);
    }
    return fits ? STATUS.outOfMemoryStoring : STATUS.tooLarge;
  }

  #countSet(item: ItemId): void {
    this.#store.counters.addToClass(this.#store.items.classOf(item), CLASS_COUNT.cmd_set);
  }
}
