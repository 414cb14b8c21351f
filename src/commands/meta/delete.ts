import { type MetaReplies, type Request, STATUS, type Status } from '../../protocol/index.ts';
import { CLASS_COUNT, COUNT, type ItemId, NO_ITEM } from '../../store/index.ts';
import { STREAM } from '../admin/event-log.ts';
import { expiryOf } from '../keyed/expiry.ts';
import type { ItemEvents } from '../keyed/item-events.ts';
import { hasCasOf } from '../keyed/match-cas.ts';
import type { OpenKey } from '../keyed/open-key.ts';
import type { RequestItem } from '../keyed/request-item.ts';

/** Executes md: deletes the item, marks it stale (`I`), or replaces it by a tombstone (`x`). */
export class MetaDeleter {
  readonly #key: OpenKey;
  readonly #item: RequestItem;
  readonly #events: ItemEvents;

  constructor(key: OpenKey, item: RequestItem, events: ItemEvents) {
    this.#key = key;
    this.#item = item;
    this.#events = events;
  }

  answer(request: Request, reply: MetaReplies): void {
    const { store } = this.#key;
    const id = this.#key.open(request);
    const sizeClass = id === NO_ITEM ? 0 : store.items.lruClassOf(id);
    const valueBytes = id === NO_ITEM ? 0 : store.items.valueBytes(id);
    const status = id === NO_ITEM ? STATUS.notFound : this.#delete(request, id);
    this.#key.closeAfterLink();
    if (status === STATUS.notFound || status === STATUS.exists) {
      store.counters.add(COUNT.delete_misses);
    }
    const isDeleted = status === STATUS.deleted;
    if (isDeleted && !request.invalidate && this.#events.isWatched(STREAM.deletions)) {
      this.#events.deleted(request, 'md', sizeClass, valueBytes);
    }
    if (!isDeleted || !request.noreply) reply.status(request, status);
  }

  /** Applies the request's flags to an opened item. */
  #delete(request: Request, id: ItemId): Status {
    const { store } = this.#key;
    if (request.hasCas && !hasCasOf(store, request, id)) return STATUS.exists;
    const sizeClass = store.items.lruClassOf(id);
    let item = id;
    if (request.dropValue) {
      item = this.#leaveTombstone(request, id);
      if (item === NO_ITEM) return STATUS.outOfMemory;
    }
    if (request.invalidate) return this.#markStale(request, item);
    store.counters.addToClass(sizeClass, CLASS_COUNT.delete_hits);
    if (!request.dropValue) store.removeOpened(this.#key.hash, id);
    return STATUS.deleted;
  }

  /** Replaces the item by an empty one that has only the key of the old one. */
  #leaveTombstone(request: Request, old: ItemId): ItemId {
    const { store, hash } = this.#key;
    const item = this.#item;
    item.takeNew(request, hash, request.clientFlags, expiryOf(request.exptime, store.clock));
    item.keyBinary = store.items.hasBinaryKey(old);
    return item.create(old);
  }

  /** Marks the item stale: the next client that fetches it wins the lease; older CAS ids fail. */
  #markStale(request: Request, id: ItemId): Status {
    const { store, hash } = this.#key;
    const { hasOwnCas, ownCasHigh, ownCasLow } = request;
    const item = store.assignCas(hash, id, hasOwnCas, ownCasHigh, ownCasLow);
    if (item === NO_ITEM) return STATUS.outOfMemory;
    if (request.hasExptime) store.setExpiry(item, expiryOf(request.exptime, store.clock));
    store.markStale(item);
    return STATUS.deleted;
  }
}
