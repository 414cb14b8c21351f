import { type ReplyWriter, type Request, STATUS } from '../../protocol/index.ts';
import { CLASS_COUNT, COUNT, type ItemStore, NO_ITEM } from '../../store/index.ts';
import { STREAM } from '../admin/event-log.ts';
import { expiryOf } from './expiry.ts';
import type { ItemEvents } from './item-events.ts';
import { matchesCas } from './match-cas.ts';
import type { OpenKey } from './open-key.ts';

/** Executes delete; a binary request may restrict it to an item with a given CAS id. */
export function answerDelete(
  key: OpenKey,
  request: Request,
  reply: ReplyWriter,
  events: ItemEvents,
): void {
  const { store } = key;
  const { items, counters } = store;
  const id = key.open(request);
  if (id === NO_ITEM) {
    key.close();
    counters.add(COUNT.delete_misses);
    reply.status(request, STATUS.notFound);
    return;
  }
  const sizeClass = items.lruClassOf(id);
  const valueBytes = items.valueBytes(id);
  const matches = matchesCas(store, request, id);
  if (matches) store.removeOpened(key.hash, id);
  key.close();
  if (matches) {
    counters.addToClass(sizeClass, CLASS_COUNT.delete_hits);
    if (events.isWatched(STREAM.deletions))
      events.deleted(request, 'delete', sizeClass, valueBytes);
  }
  reply.status(request, matches ? STATUS.deleted : STATUS.exists);
}

/** Executes touch. */
export function answerTouch(key: OpenKey, request: Request, reply: ReplyWriter): void {
  const { store } = key;
  const { counters } = store;
  const id = key.open(request);
  const sizeClass = id === NO_ITEM ? 0 : store.items.lruClassOf(id);
  if (id !== NO_ITEM) {
    store.setExpiry(id, expiryOf(request.exptime, store.clock));
    store.noteHit(id);
  }
  key.close();
  counters.add(COUNT.touch_cmds);
  if (id === NO_ITEM) counters.add(COUNT.touch_misses);
  else counters.addToClass(sizeClass, CLASS_COUNT.touch_hits);
  reply.status(request, id === NO_ITEM ? STATUS.notFound : STATUS.touched);
}

/** Executes flush_all: now, or when the store's clock reaches the given time. */
export function answerFlush(
  store: ItemStore,
  request: Request,
  reply: ReplyWriter,
  allowed: boolean,
): void {
  store.counters.add(COUNT.flush_cmds);
  if (!allowed) {
    reply.status(request, STATUS.flushNotAllowed);
    return;
  }
  if (request.exptime <= 0) store.flushNow();
  else store.flushAt(expiryOf(request.exptime, store.clock));
  reply.status(request, STATUS.ok);
}
