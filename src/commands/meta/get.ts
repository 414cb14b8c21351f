import {
  ItemView,
  type MetaReplies,
  REPLY_FRAME_BYTES_MAX,
  type Request,
} from '../../protocol/index.ts';
import { CLASS_COUNT, COUNT, FLAG, type ItemId, NO_ITEM, type Store } from '../../store/index.ts';
import { STREAM } from '../admin/event-log.ts';
import { expiryOf } from '../keyed/expiry.ts';
import type { ItemEvents } from '../keyed/item-events.ts';
import { ValueStream } from '../keyed/value-stream.ts';
import type { ReplyStream } from '../reply-stream.ts';

class HitView extends ItemView {
  valueAt = 0;
  segment = 0;
  isChained = false;
}

/** The letters of mg's flags, and of those that a reply adds: won, stale and leaseTaken. */
const LETTER = {
  cas: 0x63,
  clientFlags: 0x66,
  hit: 0x68,
  key: 0x6b,
  lastAccess: 0x6c,
  size: 0x73,
  ttl: 0x74,
  vivify: 0x4e,
  opaque: 0x4f,
  recache: 0x52,
  touch: 0x54,
  won: 0x57,
  stale: 0x58,
  leaseTaken: 0x5a,
} as const;

const NEVER = 0;

/** Executes mg: fetches, touches, and grants one of many clients the lease to load a value. */
export class MetaGetter {
  readonly #store: Store;
  readonly #events: ItemEvents;
  readonly #view = new HitView();
  /** Whether the current request created its item. */
  #createdItem = false;
  #wonLease = false;

  constructor(store: Store, events: ItemEvents) {
    this.#store = store;
    this.#events = events;
  }

  /** Answers the request. Returns a large value that the session must still write, if any. */
  answer(request: Request, reply: MetaReplies): ReplyStream | undefined {
    const store = this.#store;
    const { keySource } = request;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    const hash = store.hashOf(keySource, start, end);
    this.#createdItem = false;
    this.#wonLease = false;
    for (;;) {
      let id = store.open(hash, keySource, start, end);
      if (id === NO_ITEM && request.vivify) id = this.#create(request, hash, start, end);
      if (id === NO_ITEM) {
        store.close(hash);
        this.#countMiss(request);
        reply.miss(request);
        if (this.#events.isWatched(STREAM.fetchers)) this.#events.fetched(request, 0, 0, 0);
        return undefined;
      }
      store.items.read(id, this.#view);
      const withBytes = request.wantsValue && !this.#view.isChained;
      const roomBytes = REPLY_FRAME_BYTES_MAX + (withBytes ? this.#view.valueBytes : 0);
      if (reply.sink.at + roomBytes > reply.sink.bytes.length) {
        // Commands allocate nothing under a stripe lock: grow the output first, then look up again.
        this.#close(hash);
        reply.sink.ensure(roomBytes);
        continue;
      }
      const isStreamed = this.#show(request, reply, id);
      if (isStreamed) store.pin(id);
      if (!request.skipLruUpdate) store.noteHit(id);
      const { items } = store;
      const sizeClass = this.#view.isChained ? items.lruClassOf(id) : items.classOf(id);
      this.#close(hash);
      this.#countHit(request, sizeClass);
      if (this.#events.isWatched(STREAM.fetchers)) {
        this.#events.fetched(request, 0, sizeClass, this.#view.valueBytes);
      }
      return isStreamed ? new ValueStream(store, hash, id, reply) : undefined;
    }
  }

  #close(hash: number): void {
    if (this.#createdItem) this.#store.closeAfterLink(hash);
    else this.#store.close(hash);
  }

  /** Creates an empty item for a missing key; the client that creates it wins the lease. */
  #create(request: Request, hash: number, start: number, end: number): ItemId {
    const store = this.#store;
    const { hasOwnCas } = request;
    const id = store.allocateOpened(hash, NO_ITEM, end - start, 0, NEVER, 0, hasOwnCas);
    if (id === NO_ITEM) return NO_ITEM;
    store.writeKey(id, request.keySource, start, end);
    if (request.keyBinary) store.items.setFlags(id, FLAG.keyBinary);
    store.link(hash, NO_ITEM, id);
    if (hasOwnCas) store.items.setOwnCas(id, request.ownCasHigh, request.ownCasLow);
    this.#createdItem = true;
    return id;
  }

  /** Writes the reply. Returns true if the bytes of a large value must still be written. */
  #show(request: Request, reply: MetaReplies, id: ItemId): boolean {
    const view = this.#view;
    const sameCas =
      request.hasCas && request.casHigh === view.casHigh && request.casLow === view.casLow;
    const withValue = request.wantsValue && !sameCas;
    if (withValue) reply.valueHead(view.valueBytes);
    else reply.head();
    for (let flag = 0; flag < request.flagCount; flag++) this.#showFlag(request, reply, id, flag);
    this.#showTokens(reply, id);
    reply.lineEnd();
    if (!withValue || view.isChained) return withValue;
    reply.sink.putViewed(this.#store.arena, view.valueAt, view.valueAt + view.valueBytes);
    reply.lineEnd();
    return false;
  }

  /** Applies one flag to the item and writes what it asks for. Flags run in the client's order. */
  #showFlag(request: Request, reply: MetaReplies, id: ItemId, flag: number): void {
    const { items, clock, arena } = this.#store;
    const letter = request.flagLetter(flag);
    switch (letter) {
      case LETTER.touch:
        this.#store.setExpiry(id, expiryOf(request.exptime, clock.now(), clock.epoch()));
        break;
      case LETTER.vivify:
        if (!this.#createdItem) break;
        this.#store.setExpiry(id, expiryOf(request.vivifyExptime, clock.now(), clock.epoch()));
        this.#wonLease = true;
        break;
      case LETTER.recache:
        if (this.#shouldRecache(request, id)) this.#wonLease = true;
        break;
      case LETTER.size:
        reply.number(letter, this.#view.valueBytes);
        break;
      case LETTER.ttl:
        showTtl(reply, items.expiry(id), clock.now());
        break;
      case LETTER.cas:
        reply.number64(letter, this.#view.casHigh, this.#view.casLow);
        break;
      case LETTER.clientFlags:
        reply.number(letter, this.#view.clientFlags);
        break;
      case LETTER.lastAccess:
        reply.number(letter, Math.max(0, clock.now() - items.access(id)));
        break;
      case LETTER.hit:
        reply.number(letter, items.hasFlag(id, FLAG.fetched) ? 1 : 0);
        break;
      case LETTER.opaque:
        reply.opaque(request, flag);
        break;
      case LETTER.key: {
        const at = items.keyAt(id);
        const isBinary = items.hasFlag(id, FLAG.keyBinary);
        reply.itemKey(arena.bytes, at, at + items.keyBytes(id), isBinary);
      }
    }
  }

  /** Whether this client wins the lease to refresh the item before it expires. */
  #shouldRecache(request: Request, id: ItemId): boolean {
    const { items, clock } = this.#store;
    const expiry = items.expiry(id);
    const recacheBefore = expiryOf(request.recacheExptime, clock.now(), clock.epoch());
    const isLeased = this.#createdItem || items.hasFlag(id, FLAG.tokenSent);
    return !isLeased && expiry !== 0 && expiry < recacheBefore;
  }

  /** Writes the flags at the end: another client has the lease (Z), stale (X), lease won (W). */
  #showTokens(reply: MetaReplies, id: ItemId): void {
    const { items } = this.#store;
    const isLeased = items.hasFlag(id, FLAG.tokenSent);
    if (isLeased) reply.flag(LETTER.leaseTaken);
    if (items.hasFlag(id, FLAG.stale)) {
      reply.flag(LETTER.stale);
      if (!isLeased) this.#wonLease = true;
    }
    if (!this.#wonLease) return;
    reply.flag(LETTER.won);
    items.setFlags(id, FLAG.tokenSent);
  }

  #countHit(request: Request, sizeClass: number): void {
    const { counters } = this.#store;
    counters.add(request.hasExptime ? COUNT.touch_cmds : COUNT.get_cmds);
    const hits = CLASS_COUNT.hits_to_hot + this.#view.segment;
    counters.addToClass(sizeClass, request.hasExptime ? CLASS_COUNT.touch_hits : hits);
  }

  #countMiss(request: Request): void {
    const { counters } = this.#store;
    counters.add(request.hasExptime ? COUNT.touch_cmds : COUNT.get_cmds);
    counters.add(request.hasExptime ? COUNT.touch_misses : COUNT.get_misses);
  }
}

/** Writes `t`, the seconds until expiry; -1 means never. memcached wraps around below 0. */
export function showTtl(reply: MetaReplies, expiry: number, now: number): void {
  if (expiry === 0) reply.minusOne(LETTER.ttl);
  else reply.number(LETTER.ttl, Math.max(0, expiry - now));
}
