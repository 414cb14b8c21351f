import {
  ItemView,
  type MetaReplies,
  REPLY_FRAME_BYTES_MAX,
  type Request,
} from '../../protocol/index.ts';
import { CLASS_COUNT, COUNT, FLAG, type ItemId, NO_ITEM, type Store } from '../../store/index.ts';
import { STREAM } from '../event-log.ts';
import { expiryOf } from '../expiry.ts';
import type { ReplyStream } from '../reply-stream.ts';
import { ValueStream } from '../value-stream.ts';
import type { ItemEvents } from '../watch.ts';

class Hit extends ItemView {
  valueAt = 0;
  segment = 0;
  isChained = false;
}

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
  sent: 0x5a,
} as const;

const NEVER = 0;

/** mg: fetch, touch, and the tokens that let one client of many refill the cache. */
export class MetaGetter {
  readonly #store: Store;
  readonly #events: ItemEvents;
  readonly #view = new Hit();
  /** Whether the request at hand created its item. */
  #created = false;
  #won = false;

  constructor(store: Store, events: ItemEvents) {
    this.#store = store;
    this.#events = events;
  }

  /** What comes back is a large value that is still to be written. */
  answer(request: Request, reply: MetaReplies): ReplyStream | undefined {
    const store = this.#store;
    const { keySource } = request;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    const hash = store.hashOf(keySource, start, end);
    this.#created = false;
    this.#won = false;
    for (;;) {
      let id = store.open(hash, keySource, start, end);
      if (id === NO_ITEM && request.vivify) id = this.#create(request, hash, start, end);
      if (id === NO_ITEM) {
        store.close(hash);
        this.#countMiss(request);
        reply.miss(request);
        if (this.#events.wants(STREAM.fetchers)) this.#events.fetched(request, 0, 0, 0);
        return undefined;
      }
      store.items.read(id, this.#view);
      const withBytes = request.wantsValue && !this.#view.isChained;
      const room = REPLY_FRAME_BYTES_MAX + (withBytes ? this.#view.valueBytes : 0);
      if (reply.sink.at + room > reply.sink.bytes.length) {
        // No allocation while a lock is held: grow first, then look again.
        this.#close(hash);
        reply.sink.ensure(room);
        continue;
      }
      const streams = this.#show(request, reply, id);
      if (streams) store.pin(id);
      if (!request.withoutBump) store.noteHit(id);
      const { items } = store;
      const sizeClass = this.#view.isChained ? items.lruClassOf(id) : items.classOf(id);
      this.#close(hash);
      this.#countHit(request, sizeClass);
      if (this.#events.wants(STREAM.fetchers)) {
        this.#events.fetched(request, 0, sizeClass, this.#view.valueBytes);
      }
      return streams ? new ValueStream(store, hash, id, reply) : undefined;
    }
  }

  #close(hash: number): void {
    if (this.#created) this.#store.closeGrown(hash);
    else this.#store.close(hash);
  }

  /** An empty item for a missing key: whoever creates it is to fill it. */
  #create(request: Request, hash: number, start: number, end: number): ItemId {
    const store = this.#store;
    const { hasOwnCas } = request;
    const id = store.allocateOpened(hash, NO_ITEM, end - start, 0, NEVER, 0, hasOwnCas);
    if (id === NO_ITEM) return NO_ITEM;
    store.writeKey(id, request.keySource, start, end);
    if (request.keyBinary) store.items.setFlags(id, FLAG.keyBinary);
    store.link(hash, NO_ITEM, id);
    if (hasOwnCas) store.items.setOwnCas(id, request.ownCasHigh, request.ownCasLow);
    this.#created = true;
    return id;
  }

  /** The whole reply, but for a large value: then true. */
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

  /** What one flag does to the item, and what it shows of it: in the order they were given. */
  #showFlag(request: Request, reply: MetaReplies, id: ItemId, flag: number): void {
    const { items, lifetimes, arena } = this.#store;
    const letter = request.flagLetter(flag);
    switch (letter) {
      case LETTER.touch:
        this.#store.setExpiry(id, expiryOf(request.exptime, lifetimes.now(), lifetimes.epoch()));
        break;
      case LETTER.vivify:
        if (!this.#created) break;
        this.#store.setExpiry(
          id,
          expiryOf(request.vivifyExptime, lifetimes.now(), lifetimes.epoch()),
        );
        this.#won = true;
        break;
      case LETTER.recache:
        if (this.#wantsRecache(request, id)) this.#won = true;
        break;
      case LETTER.size:
        reply.number(letter, this.#view.valueBytes);
        break;
      case LETTER.ttl:
        showTtl(reply, items.expiry(id), lifetimes.now());
        break;
      case LETTER.cas:
        reply.wide(letter, this.#view.casHigh, this.#view.casLow);
        break;
      case LETTER.clientFlags:
        reply.number(letter, this.#view.clientFlags);
        break;
      case LETTER.lastAccess:
        reply.number(letter, Math.max(0, lifetimes.now() - items.access(id)));
        break;
      case LETTER.hit:
        reply.number(letter, items.has(id, FLAG.fetched) ? 1 : 0);
        break;
      case LETTER.opaque:
        reply.opaque(request, flag);
        break;
      case LETTER.key: {
        const at = items.keyAt(id);
        const isBinary = items.has(id, FLAG.keyBinary);
        reply.itemKey(arena.bytes, at, at + items.keyBytes(id), isBinary);
      }
    }
  }

  /** One client is told to fetch anew before the item expires. */
  #wantsRecache(request: Request, id: ItemId): boolean {
    const { items, lifetimes } = this.#store;
    const expiry = items.expiry(id);
    const by = expiryOf(request.recacheExptime, lifetimes.now(), lifetimes.epoch());
    const isTaken = this.#created || items.has(id, FLAG.tokenSent);
    return !isTaken && expiry !== 0 && expiry < by;
  }

  /** The marks at the end: stale, and who has won the right to recache. */
  #showTokens(reply: MetaReplies, id: ItemId): void {
    const { items } = this.#store;
    const sent = items.has(id, FLAG.tokenSent);
    if (sent) reply.mark(LETTER.sent);
    if (items.has(id, FLAG.stale)) {
      reply.mark(LETTER.stale);
      if (!sent) this.#won = true;
    }
    if (!this.#won) return;
    reply.mark(LETTER.won);
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

/** `t`: the seconds left; -1 is no end. memcached wraps around below 0, we stop there. */
export function showTtl(reply: MetaReplies, expiry: number, now: number): void {
  if (expiry === 0) reply.never(LETTER.ttl);
  else reply.number(LETTER.ttl, Math.max(0, expiry - now));
}
