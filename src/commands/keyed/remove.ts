import { type ReplyWriter, type Request, STATUS } from '../../protocol/index.ts';
import { CLASS_COUNT, COUNT, NO_ITEM, type Store } from '../../store/index.ts';
import { STREAM } from '../admin/event-log.ts';
import { expiryOf } from './expiry.ts';
import type { ItemEvents } from './item-events.ts';

/** Executes delete; a binary request may restrict it to an item with a given CAS id. */
export function answerDelete(
  store: Store,
  request: Request,
  reply: ReplyWriter,
  events: ItemEvents,
): void {
  const { items, counters } = store;
  const { keySource, casHigh, casLow } = request;
  const start = request.keyStart(0);
  const end = request.keyEnd(0);
  const hash = store.hashOf(keySource, start, end);
  const id = store.open(hash, keySource, start, end);
  const sizeClass = id === NO_ITEM ? 0 : items.lruClassOf(id);
  const bytes = id === NO_ITEM ? 0 : items.bytes(id);
  const ignoresCas = casHigh === 0 && casLow === 0;
  const matches =
    id !== NO_ITEM &&
    (ignoresCas || (items.casHigh(id) === casHigh && items.casLow(id) === casLow));
  if (matches) store.removeOpened(hash, id);
  store.close(hash);
  if (sizeClass === 0) counters.add(COUNT.delete_misses);
  else if (matches) counters.addToClass(sizeClass, CLASS_COUNT.delete_hits);
  if (matches && events.isWatched(STREAM.deletions)) {
    events.deleted(request, 'delete', sizeClass, bytes);
  }
  reply.status(
    request,
    matches ? STATUS.deleted : sizeClass === 0 ? STATUS.notFound : STATUS.exists,
  );
}

/** Executes touch. */
export function answerTouch(store: Store, request: Request, reply: ReplyWriter): void {
  const { items, clock, counters } = store;
  const start = request.keyStart(0);
  const end = request.keyEnd(0);
  const hash = store.hashOf(request.keySource, start, end);
  const id = store.open(hash, request.keySource, start, end);
  const sizeClass = id === NO_ITEM ? 0 : items.lruClassOf(id);
  if (id !== NO_ITEM) {
    store.setExpiry(id, expiryOf(request.exptime, clock.now(), clock.epoch()));
    store.noteHit(id);
  }
  store.close(hash);
  counters.add(COUNT.touch_cmds);
  if (sizeClass === 0) counters.add(COUNT.touch_misses);
  else counters.addToClass(sizeClass, CLASS_COUNT.touch_hits);
  reply.status(request, sizeClass === 0 ? STATUS.notFound : STATUS.touched);
}

/** Executes flush_all: now, or when the store's clock reaches the given time. */
export function answerFlush(
  store: Store,
  request: Request,
  reply: ReplyWriter,
  allowed: boolean,
): void {
  const { clock } = store;
  store.counters.add(COUNT.flush_cmds);
  if (!allowed) {
    reply.status(request, STATUS.flushNotAllowed);
    return;
  }
  if (request.exptime <= 0) clock.flushNow();
  else clock.flushAt(expiryOf(request.exptime, clock.now(), clock.epoch()));
  reply.status(request, STATUS.ok);
}
