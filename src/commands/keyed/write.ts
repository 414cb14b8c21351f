import {
  DIALECT,
  type Request,
  STATUS,
  type Status,
  StorageReplyContext,
  VERB,
  type Verb,
} from '../../protocol/index.ts';
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
  type PutOptions,
  type Store,
} from '../../store/index.ts';
import { encodeKey, STREAM } from '../admin/event-log.ts';
import { PREFIX_COUNT, type PrefixStats } from '../admin/prefixes.ts';
import { expiryOf } from './expiry.ts';
import type { ItemEvents } from './item-events.ts';

const MODE_OF: Readonly<Partial<Record<Verb, Mode>>> = {
  [VERB.set]: MODE.set,
  [VERB.add]: MODE.add,
  [VERB.replace]: MODE.replace,
  [VERB.append]: MODE.append,
  [VERB.prepend]: MODE.prepend,
  [VERB.cas]: MODE.cas,
};

/** The reply status for each outcome of a change in the store. */
export const STATUS_OF: Readonly<Record<Outcome, Status>> = {
  [OUTCOME.stored]: STATUS.stored,
  [OUTCOME.notStored]: STATUS.notStored,
  [OUTCOME.exists]: STATUS.exists,
  [OUTCOME.notFound]: STATUS.notFound,
};

/**
 * A value that the connection is receiving. ValueWriter allocates the item when it reads the
 * request line, fills it as bytes arrive, and links it when it is complete. Each connection has
 * one PendingValue and reuses it.
 */
export class PendingValue implements PutOptions {
  item: ItemId = NO_ITEM;
  hash = 0;
  mode: Mode = MODE.set;
  verb: Verb = VERB.set;
  casHigh = 0;
  casLow = 0;
  allowStale = false;
  /** Whether the store removes the old value if it cannot store this one. */
  removesOldOnFailure = false;
  vivify = false;
  ownCas = false;
  ownCasHigh = 0;
  ownCasLow = 0;
  valueBytes = 0;
  receivedBytes = 0;
  readonly echo = new StorageReplyContext();
}

/**
 * A failed `set` must not leave the old value in the cache, because that value is now stale.
 * memcached's meta set removes the old value in every mode.
 */
function shouldRemoveOldOnFailure({ verb, dialect }: Request): boolean {
  return verb === VERB.set || dialect === DIALECT.meta;
}

/** Copies the conditions under which the request wants its value stored. */
export function copyPutOptions(request: Request, pending: PendingValue): void {
  pending.verb = request.verb;
  pending.mode = MODE_OF[request.verb]!;
  pending.removesOldOnFailure = shouldRemoveOldOnFailure(request);
  pending.casHigh = request.casHigh;
  pending.casLow = request.casLow;
  pending.allowStale = request.invalidate;
  pending.vivify = request.vivify;
  pending.ownCas = request.hasOwnCas;
  pending.ownCasHigh = request.ownCasHigh;
  pending.ownCasLow = request.ownCasLow;
}

/** Executes set, add, replace, append, prepend and cas. */
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
   * Allocates the item for the value that a storage request announces. If that fails, it returns
   * the reason, the caller must skip the data block, and a `set` has removed the old value.
   */
  begin(request: Request, pending: PendingValue): Status | undefined {
    const store = this.#store;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    const { clock } = store;
    const expiry = expiryOf(request.exptime, clock.now(), clock.epoch());
    const { clientFlags, valueBytes, hasOwnCas, keySource } = request;
    if (this.#prefixes.enabled) this.#prefixes.count(PREFIX_COUNT.set, keySource, start, end);
    const fits = store.fits(end - start, clientFlags, valueBytes, hasOwnCas);
    const item = fits
      ? store.allocate(end - start, clientFlags, expiry, valueBytes, hasOwnCas)
      : NO_ITEM;
    if (item === NO_ITEM) return this.#failToBegin(request, fits);
    store.writeKey(item, keySource, start, end);
    if (request.keyBinary) store.items.setFlags(item, FLAG.keyBinary);
    pending.item = item;
    pending.hash = store.hashOf(keySource, start, end);
    copyPutOptions(request, pending);
    pending.valueBytes = valueBytes;
    pending.receivedBytes = 0;
    return undefined;
  }

  /**
   * Appends `input[start, end)` to the value; the caller never passes more than is missing. It
   * returns a status if there is no memory: the value is then dropped, as when `begin` fails.
   */
  receive(pending: PendingValue, input: Buffer, start: number, end: number): Status | undefined {
    if (!this.#store.writeValue(pending.item, pending.receivedBytes, input, start, end)) {
      return this.#failForLackOfMemory(pending);
    }
    pending.receivedBytes += end - start;
    return undefined;
  }

  /** Links the complete item, if the request's condition holds. */
  complete(pending: PendingValue): Status {
    const { item } = pending;
    const store = this.#store;
    this.#countSet(item);
    pending.item = NO_ITEM;
    const publish = this.#events.isWatched(STREAM.mutations)
      ? this.#mutationEvent(pending, item)
      : undefined;
    const outcome = store.put(pending.hash, item, pending);
    if (outcome !== OUTCOME.stored) store.storedBytes = pending.valueBytes;
    const status = STATUS_OF[outcome];
    publish?.(status);
    return status;
  }

  /** Drops a value because there is no memory for the rest of it. */
  #failForLackOfMemory(pending: PendingValue): Status {
    const { items, arena, counters } = this.#store;
    const { hash, item } = pending;
    counters.add(COUNT.store_no_memory);
    const keyAt = items.keyAt(item);
    const keyEnd = keyAt + items.keyBytes(item);
    if (pending.removesOldOnFailure) this.#store.remove(hash, arena.bytes, keyAt, keyEnd);
    const publish = this.#events.isWatched(STREAM.mutations)
      ? this.#mutationEvent(pending, item)
      : undefined;
    publish?.(STATUS.outOfMemoryStoring);
    this.abandon(pending);
    return STATUS.outOfMemoryStoring;
  }

  /** Drops a value whose data block does not end in CRLF; the old value stays. */
  rejectBadData(pending: PendingValue): Status {
    this.#countSet(pending.item);
    this.abandon(pending);
    return STATUS.badDataChunk;
  }

  /** Frees a value that will not be completed. */
  abandon(pending: PendingValue): void {
    if (pending.item === NO_ITEM) return;
    this.#store.release(pending.item);
    pending.item = NO_ITEM;
  }

  /** Reads the facts of the item's event before the item is linked or freed. */
  #mutationEvent(pending: PendingValue, item: ItemId): (status: Status) => void {
    const { items, arena, clock } = this.#store;
    const keyAt = items.keyAt(item);
    const key = encodeKey(arena.bytes, keyAt, keyAt + items.keyBytes(item));
    const expiry = items.expiry(item);
    const ttl = expiry === 0 ? 0 : expiry - clock.now();
    const sizeClass = items.lruClassOf(item);
    const { verb, valueBytes } = pending;
    return (status) => this.#events.stored(verb, key, status, ttl, sizeClass, valueBytes);
  }

  #failToBegin(request: Request, fits: boolean): Status {
    this.#store.counters.add(fits ? COUNT.store_no_memory : COUNT.store_too_large);
    if (shouldRemoveOldOnFailure(request)) {
      const { keySource } = request;
      const start = request.keyStart(0);
      const end = request.keyEnd(0);
      this.#store.remove(this.#store.hashOf(keySource, start, end), keySource, start, end);
    }
    const status = fits ? STATUS.outOfMemoryStoring : STATUS.tooLarge;
    if (this.#events.isWatched(STREAM.mutations)) {
      const key = encodeKey(request.keySource, request.keyStart(0), request.keyEnd(0));
      this.#events.stored(request.verb, key, status, 0, 0, request.valueBytes);
    }
    return status;
  }

  #countSet(item: ItemId): void {
    this.#store.counters.addToClass(this.#store.items.lruClassOf(item), CLASS_COUNT.cmd_set);
  }
}
