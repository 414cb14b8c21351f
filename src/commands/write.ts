import {
  DIALECT,
  type Request,
  STATUS,
  type Status,
  StorageEcho,
  VERB,
  type Verb,
} from '../protocol/index.ts';
import {
  CLASS_COUNT,
  COUNT,
  FLAG,
  type ItemId,
  MODE,
  type Mode,
  NO_ITEM,
  OUTCOME,
  type Outcome,
  type PutTerms,
  type Store,
} from '../store/index.ts';
import { keyWord, STREAM } from './event-log.ts';
import { expiryOf } from './expiry.ts';
import { PREFIX_COUNT, type PrefixStats } from './prefixes.ts';
import type { ItemEvents } from './watch.ts';

const MODE_OF: Readonly<Partial<Record<Verb, Mode>>> = {
  [VERB.set]: MODE.set,
  [VERB.add]: MODE.add,
  [VERB.replace]: MODE.replace,
  [VERB.append]: MODE.append,
  [VERB.prepend]: MODE.prepend,
  [VERB.cas]: MODE.cas,
};

/** What became of a change, in the words of a reply. */
export const STATUS_OF: Readonly<Record<Outcome, Status>> = {
  [OUTCOME.stored]: STATUS.stored,
  [OUTCOME.notStored]: STATUS.notStored,
  [OUTCOME.exists]: STATUS.exists,
  [OUTCOME.notFound]: STATUS.notFound,
};

/**
 * A value on its way in: the item is allocated when the request line is read, filled as bytes
 * arrive, and linked only when complete. One per connection, used again for each value.
 */
export class PendingValue implements PutTerms {
  item: ItemId = NO_ITEM;
  hash = 0;
  mode: Mode = MODE.set;
  verb: Verb = VERB.set;
  casHigh = 0;
  casLow = 0;
  allowStale = false;
  /** Whether the old value goes if this one is lost. */
  removesOld = false;
  vivify = false;
  ownCas = false;
  ownCasHigh = 0;
  ownCasLow = 0;
  valueBytes = 0;
  received = 0;
  readonly echo = new StorageEcho();
}

/**
 * Lest the old value outlive a new one that was lost: memcached's meta set does so in every mode.
 */
function removesOld({ verb, dialect }: Request): boolean {
  return verb === VERB.set || dialect === DIALECT.meta;
}

/** Notes on what terms the request's value is to be stored. */
export function takeTerms(request: Request, pending: PendingValue): void {
  pending.verb = request.verb;
  pending.mode = MODE_OF[request.verb]!;
  pending.removesOld = removesOld(request);
  pending.casHigh = request.casHigh;
  pending.casLow = request.casLow;
  pending.allowStale = request.invalidate;
  pending.vivify = request.vivify;
  pending.ownCas = request.hasOwnCas;
  pending.ownCasHigh = request.ownCasHigh;
  pending.ownCasLow = request.ownCasLow;
}

/** set, add, replace, append, prepend, cas. */
export class ValueWriter {
  readonly #store: Store;
  readonly #prefixes: PrefixStats;
  readonly #events: ItemEvents;

  constructor(store: Store, prefixes: PrefixStats, events: ItemEvents) {
    this.#store = store;
    this.#events = events;
    this.#prefixes = prefixes;
  }

  /**
   * Makes room for the value that a storage request announces. When there is none, the status says
   * why, the data block is to be skipped, and a `set` has removed the old value.
   */
  begin(request: Request, pending: PendingValue): Status | undefined {
    const store = this.#store;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    const { lifetimes } = store;
    const expiry = expiryOf(request.exptime, lifetimes.now(), lifetimes.epoch());
    const { clientFlags, valueBytes, hasOwnCas, keySource } = request;
    if (this.#prefixes.enabled) this.#prefixes.count(PREFIX_COUNT.set, keySource, start, end);
    const fits = store.fits(end - start, clientFlags, valueBytes, hasOwnCas);
    const item = fits
      ? store.allocate(end - start, clientFlags, expiry, valueBytes, hasOwnCas)
      : NO_ITEM;
    if (item === NO_ITEM) return this.#failed(request, fits);
    store.writeKey(item, keySource, start, end);
    if (request.keyBinary) store.items.setFlags(item, FLAG.keyBinary);
    pending.item = item;
    pending.hash = store.hashOf(keySource, start, end);
    takeTerms(request, pending);
    pending.valueBytes = valueBytes;
    pending.received = 0;
    return undefined;
  }

  /**
   * Takes the next bytes of the value: `input[start, end)`, never more than are missing. A status
   * says that there is no memory for them: the value is dropped, as when `begin` fails.
   */
  receive(pending: PendingValue, input: Buffer, start: number, end: number): Status | undefined {
    if (!this.#store.writeValue(pending.item, pending.received, input, start, end)) {
      return this.#lost(pending);
    }
    pending.received += end - start;
    return undefined;
  }

  /** Links the complete item, if the request's condition holds. */
  complete(pending: PendingValue): Status {
    const { item } = pending;
    const store = this.#store;
    this.#countSet(item);
    pending.item = NO_ITEM;
    const tell = this.#events.wants(STREAM.mutations) ? this.#describe(pending, item) : undefined;
    const outcome = store.put(pending.hash, item, pending);
    if (outcome !== OUTCOME.stored) store.storedBytes = pending.valueBytes;
    const status = STATUS_OF[outcome];
    tell?.(status);
    return status;
  }

  /** No memory for the rest of a value. */
  #lost(pending: PendingValue): Status {
    const { items, arena, counters } = this.#store;
    const { hash, item } = pending;
    counters.add(COUNT.store_no_memory);
    const keyAt = items.keyAt(item);
    const keyEnd = keyAt + items.keyBytes(item);
    if (pending.removesOld) this.#store.remove(hash, arena.bytes, keyAt, keyEnd);
    const tell = this.#events.wants(STREAM.mutations) ? this.#describe(pending, item) : undefined;
    tell?.(STATUS.outOfMemoryStoring);
    this.abandon(pending);
    return STATUS.outOfMemoryStoring;
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

  /** The item's event, as far as it is known before it is linked or freed. */
  #describe(pending: PendingValue, item: ItemId): (status: Status) => void {
    const { items, arena, lifetimes } = this.#store;
    const keyAt = items.keyAt(item);
    const key = keyWord(arena.bytes, keyAt, keyAt + items.keyBytes(item));
    const expiry = items.expiry(item);
    const ttl = expiry === 0 ? 0 : expiry - lifetimes.now();
    const sizeClass = items.lruClassOf(item);
    const { verb, valueBytes } = pending;
    return (status) => this.#events.stored(verb, key, status, ttl, sizeClass, valueBytes);
  }

  #failed(request: Request, fits: boolean): Status {
    this.#store.counters.add(fits ? COUNT.store_no_memory : COUNT.store_too_large);
    if (removesOld(request)) {
      const { keySource } = request;
      const start = request.keyStart(0);
      const end = request.keyEnd(0);
      this.#store.remove(this.#store.hashOf(keySource, start, end), keySource, start, end);
    }
    const status = fits ? STATUS.outOfMemoryStoring : STATUS.tooLarge;
    if (this.#events.wants(STREAM.mutations)) {
      const key = keyWord(request.keySource, request.keyStart(0), request.keyEnd(0));
      this.#events.stored(request.verb, key, status, 0, 0, request.valueBytes);
    }
    return status;
  }

  #countSet(item: ItemId): void {
    this.#store.counters.addToClass(this.#store.items.lruClassOf(item), CLASS_COUNT.cmd_set);
  }
}
