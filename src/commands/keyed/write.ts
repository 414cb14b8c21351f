import {
  DIALECT,
  NOTHING_STORED,
  type ReplyWriter,
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
  type ItemId,
  type ItemStore,
  MODE,
  type Mode,
  NO_ITEM,
  OUTCOME,
  type Outcome,
  type PutOptions,
  type StoreResult,
  TOO_LARGE,
} from '../../store/index.ts';
import { encodeKey, STREAM } from '../admin/event-log.ts';
import { PREFIX_COUNT, type PrefixStats } from '../admin/prefixes.ts';
import type { ItemEvents } from './item-events.ts';
import type { OpenKey } from './open-key.ts';
import type { RequestItem } from './request-item.ts';

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
  /** What the reply needs of the request. */
  readonly reply = new StorageReplyContext();

  /** Takes the options of the request, for the item that waits for its value. */
  begin(request: Request, options: PutOptions, item: ItemId, hash: number): void {
    this.item = item;
    this.hash = hash;
    this.verb = request.verb;
    this.removesOldOnFailure = shouldRemoveOldOnFailure(request);
    this.mode = options.mode;
    this.casHigh = options.casHigh;
    this.casLow = options.casLow;
    this.allowStale = options.allowStale;
    this.vivify = options.vivify;
    this.ownCas = options.ownCas;
    this.ownCasHigh = options.ownCasHigh;
    this.ownCasLow = options.ownCasLow;
    this.valueBytes = request.valueBytes;
    this.receivedBytes = 0;
  }
}

/**
 * A failed `set` must not leave the old value in the cache, because that value is now stale.
 * memcached's meta set removes the old value in every mode.
 */
function shouldRemoveOldOnFailure({ verb, dialect }: Request): boolean {
  return verb === VERB.set || dialect === DIALECT.meta;
}

/** Publishes the event of a storage command; `stored` is the item that it stored, if any. */
type PublishMutation = (
  status: Status,
  stored?: Pick<StoreResult, 'expiry' | 'sizeClass' | 'valueBytes'>,
) => void;

/** Executes set, add, replace, append, prepend and cas. */
export class ValueWriter {
  readonly #key: OpenKey;
  readonly #store: ItemStore;
  readonly #item: RequestItem;
  readonly #prefixes: PrefixStats;
  readonly #events: ItemEvents;

  constructor(key: OpenKey, item: RequestItem, prefixes: PrefixStats, events: ItemEvents) {
    this.#key = key;
    this.#store = key.store;
    this.#item = item;
    this.#events = events;
    this.#prefixes = prefixes;
  }

  /**
   * Allocates the item for the value that a storage request announces. If that fails, it replies
   * and returns false, the caller must skip the data block, and a `set` has removed the old value.
   */
  begin(request: Request, pending: PendingValue, reply: ReplyWriter): boolean {
    const store = this.#store;
    const item = this.#item;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    const { keySource } = request;
    if (this.#prefixes.enabled) this.#prefixes.count(PREFIX_COUNT.set, keySource, start, end);
    item.takeStorage(request);
    const id = item.placement === TOO_LARGE ? NO_ITEM : store.allocate(item);
    if (id === NO_ITEM) {
      reply.status(request, this.#failToBegin(request));
      return false;
    }
    store.writeKey(id, keySource, start, end, item.keyBinary);
    pending.begin(request, item, id, store.hashOf(keySource, start, end));
    reply.capture(request, pending.reply);
    return true;
  }

  /**
   * Appends `input[start, end)` to the value; the caller never passes more than is missing. If
   * there is no memory, it replies and returns false: the value is then dropped, as when `begin`
   * fails.
   */
  receive(
    pending: PendingValue,
    input: Buffer,
    start: number,
    end: number,
    reply: ReplyWriter,
  ): boolean {
    if (!this.#store.writeValue(pending.item, pending.receivedBytes, input, start, end)) {
      reply.storageReply(pending.reply, this.#failForLackOfMemory(pending), NOTHING_STORED);
      return false;
    }
    pending.receivedBytes += end - start;
    return true;
  }

  /** Links the complete item, if the request's condition holds, and replies. */
  complete(pending: PendingValue, reply: ReplyWriter): void {
    const { item } = pending;
    this.#countSet(item);
    pending.item = NO_ITEM;
    if (this.#events.isWatched(STREAM.fetchers)) this.#publishLookUp(item);
    const publish = this.#events.isWatched(STREAM.mutations)
      ? this.#mutationEvent(pending, item)
      : undefined;
    const result = this.#store.put(pending.hash, item, pending);
    const status = STATUS_OF[result.outcome];
    publish?.(status, status === STATUS.stored ? result : undefined);
    reply.storageReply(pending.reply, status, result);
  }

  /** Drops a value whose data block does not end in CRLF, and replies; the old value stays. */
  rejectBadData(pending: PendingValue, reply: ReplyWriter): void {
    this.#countSet(pending.item);
    this.abandon(pending);
    reply.storageReply(pending.reply, STATUS.badDataChunk, NOTHING_STORED);
  }

  /** Drops a complete value, because this node may no longer store it, and replies. */
  rejectMoved(pending: PendingValue, reply: ReplyWriter): void {
    this.abandon(pending);
    reply.storageReply(pending.reply, STATUS.moved, NOTHING_STORED);
  }

  /** Frees a value that will not be completed. */
  abandon(pending: PendingValue): void {
    if (pending.item === NO_ITEM) return;
    this.#store.release(pending.item);
    pending.item = NO_ITEM;
  }

  /** Drops a value because there is no memory for the rest of it. */
  #failForLackOfMemory(pending: PendingValue): Status {
    const { items, bytes, counters } = this.#store;
    const { item } = pending;
    counters.add(COUNT.store_no_memory);
    const keyAt = items.keyAt(item);
    const keyEnd = keyAt + items.keyBytes(item);
    if (pending.removesOldOnFailure) this.#removeOld(bytes.bytes, keyAt, keyEnd);
    if (this.#events.isWatched(STREAM.mutations)) {
      this.#mutationEvent(pending, item)(STATUS.outOfMemoryStoring);
    }
    this.abandon(pending);
    return STATUS.outOfMemoryStoring;
  }

  #publishLookUp(item: ItemId): void {
    const { items, bytes } = this.#store;
    const keyAt = items.keyAt(item);
    this.#key.publishLookUp(bytes.bytes, keyAt, keyAt + items.keyBytes(item));
  }

  /**
   * Reads the facts of the item's event before the item is linked or freed. The item that is stored
   * has others if it extends an old value, or keeps its expiry.
   */
  #mutationEvent(pending: PendingValue, item: ItemId): PublishMutation {
    const { items, bytes, clock } = this.#store;
    const keyAt = items.keyAt(item);
    const key = encodeKey(bytes.bytes, keyAt, keyAt + items.keyBytes(item));
    const { verb, valueBytes } = pending;
    const received = { expiry: items.expiry(item), sizeClass: items.lruClassOf(item), valueBytes };
    return (status, { expiry, sizeClass, valueBytes: bytesNow } = received) => {
      const ttl = expiry === 0 ? 0 : expiry - clock.now();
      this.#events.stored(verb, key, status, ttl, sizeClass, bytesNow);
    };
  }

  #failToBegin(request: Request): Status {
    const isTooLarge = this.#item.placement === TOO_LARGE;
    this.#store.counters.add(isTooLarge ? COUNT.store_too_large : COUNT.store_no_memory);
    const { keySource } = request;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    if (shouldRemoveOldOnFailure(request)) this.#removeOld(keySource, start, end);
    const status = isTooLarge ? STATUS.tooLarge : STATUS.outOfMemoryStoring;
    if (this.#events.isWatched(STREAM.mutations)) {
      const key = encodeKey(keySource, start, end);
      this.#events.stored(request.verb, key, status, 0, 0, request.valueBytes);
    }
    return status;
  }

  #removeOld(source: Buffer, start: number, end: number): void {
    const id = this.#key.openBytes(source, start, end);
    if (id !== NO_ITEM) this.#store.removeOpened(this.#key.hash, id);
    this.#key.close();
  }

  #countSet(item: ItemId): void {
    this.#store.counters.addToClass(this.#store.items.lruClassOf(item), CLASS_COUNT.cmd_set);
  }
}
