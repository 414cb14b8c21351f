import { type MetaReplies, type Request, STATUS, type Status } from '../../protocol/index.ts';
import { CLASS_COUNT, COUNT, FLAG, type ItemId, NO_ITEM, type Store } from '../../store/index.ts';
import { STREAM } from '../admin/event-log.ts';
import { expiryOf } from '../keyed/expiry.ts';
import type { ItemEvents } from '../keyed/item-events.ts';

/** Executes md: deletes the item, marks it stale (`I`), or replaces it by a tombstone (`x`). */
export function answerMetaDelete(
  store: Store,
  request: Request,
  reply: MetaReplies,
  events: ItemEvents,
): void {
  const { keySource } = request;
  const start = request.keyStart(0);
  const end = request.keyEnd(0);
  const hash = store.hashOf(keySource, start, end);
  const id = store.open(hash, keySource, start, end);
  const sizeClass = id === NO_ITEM ? 0 : store.items.lruClassOf(id);
  const bytes = id === NO_ITEM ? 0 : store.items.bytes(id);
  const status = id === NO_ITEM ? STATUS.notFound : deleteItem(store, request, hash, id);
  store.closeAfterLink(hash);
  if (status === STATUS.notFound || status === STATUS.exists) {
    store.counters.add(COUNT.delete_misses);
  }
  if (status === STATUS.deleted && !request.invalidate && events.isWatched(STREAM.deletions)) {
    events.deleted(request, 'md', sizeClass, bytes);
  }
  if (status !== STATUS.deleted || !request.noreply) reply.status(request, status);
}

/** Applies the request's flags to an opened item. */
function deleteItem(store: Store, request: Request, hash: number, id: ItemId): Status {
  const { items, counters } = store;
  if (request.hasCas && !matchesCas(store, request, id)) return STATUS.exists;
  const sizeClass = items.lruClassOf(id);
  let item = id;
  if (request.dropValue) {
    item = leaveTombstone(store, request, hash, id);
    if (item === NO_ITEM) return STATUS.outOfMemory;
  }
  if (request.invalidate) return markStale(store, request, hash, item);
  counters.addToClass(sizeClass, CLASS_COUNT.delete_hits);
  if (!request.dropValue) store.removeOpened(hash, id);
  return STATUS.deleted;
}

function matchesCas({ items }: Store, request: Request, id: ItemId): boolean {
  return items.casHigh(id) === request.casHigh && items.casLow(id) === request.casLow;
}

/** Replaces the item by an empty one that has only the key of the old one. */
function leaveTombstone(store: Store, request: Request, hash: number, old: ItemId): ItemId {
  const { items, clock, arena } = store;
  const keyBytes = items.keyBytes(old);
  const { clientFlags, hasOwnCas } = request;
  const expiry = expiryOf(request.exptime, clock.now(), clock.epoch());
  const id = store.allocateOpened(hash, old, keyBytes, clientFlags, expiry, 0, hasOwnCas);
  if (id === NO_ITEM) return NO_ITEM;
  const keyAt = items.keyAt(old);
  store.writeKey(id, arena.bytes, keyAt, keyAt + keyBytes);
  if (items.hasFlag(old, FLAG.keyBinary)) items.setFlags(id, FLAG.keyBinary);
  store.link(hash, old, id);
  if (hasOwnCas) items.setOwnCas(id, request.ownCasHigh, request.ownCasLow);
  return id;
}

/** Marks the item stale: the next client that fetches it wins the lease; older CAS ids fail. */
function markStale(store: Store, request: Request, hash: number, id: ItemId): Status {
  const { items, clock } = store;
  const { hasOwnCas, ownCasHigh, ownCasLow } = request;
  const item = store.assignCas(hash, id, hasOwnCas, ownCasHigh, ownCasLow);
  if (item === NO_ITEM) return STATUS.outOfMemory;
  if (request.hasExptime) {
    store.setExpiry(item, expiryOf(request.exptime, clock.now(), clock.epoch()));
  }
  items.setFlags(item, FLAG.stale);
  items.clearFlags(item, FLAG.tokenSent);
  return STATUS.deleted;
}
