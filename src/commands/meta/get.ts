import {
  META_LETTER,
  type MetaReplies,
  REPLY_FRAME_BYTES_MAX,
  type Request,
} from '../../protocol/index.ts';
import { type ItemId, NO_ITEM } from '../../store/index.ts';
import { isWord } from '../admin/key-text.ts';
import { expiryOf, NEVER } from '../keyed/expiry.ts';
import { countHit, countMiss } from '../keyed/fetch-counts.ts';
import type { OpenKey } from '../keyed/open-key.ts';
import type { RequestItem } from '../keyed/request-item.ts';
import { ValueStream } from '../keyed/value-stream.ts';
import type { ReplyStream } from '../reply-stream.ts';
import { showSharedFlag } from './show-flag.ts';

/** Executes mg: fetches, touches, and grants one of many clients the lease to load a value. */
export class MetaGetter {
  readonly #key: OpenKey;
  readonly #item: RequestItem;
  /** Whether the current request created its item. */
  #createdItem = false;
  #wonLease = false;

  get hasGrantedLease(): boolean {
    return this.#wonLease;
  }

  constructor(key: OpenKey, item: RequestItem) {
    this.#key = key;
    this.#item = item;
  }

  /** Answers the request. Returns a large value that the session must still write, if any. */
  answer(request: Request, reply: MetaReplies): ReplyStream | undefined {
    const { store, facts } = this.#key;
    this.#createdItem = false;
    this.#wonLease = false;
    // A new item has no value, so this is room enough for its reply.
    reply.sink.ensure(REPLY_FRAME_BYTES_MAX);
    const hash = this.#key.hashOf(request, 0);
    let id = this.#key.openToRead(request, 0, hash, reply.sink, request.wantsValue);
    if (id === NO_ITEM && request.vivify) id = this.#create(request);
    if (id === NO_ITEM) {
      this.#answerMiss(request, reply);
      return undefined;
    }
    const isStreamed = this.#show(request, reply, id);
    if (isStreamed) store.pin(id);
    if (!request.skipLruUpdate) store.noteHit(id);
    if (this.#createdItem) this.#key.closeAfterLink();
    else this.#key.close();
    countHit(store.counters, request.hasExptime, facts);
    return isStreamed ? new ValueStream(store, this.#key.hash, id, reply) : undefined;
  }

  #answerMiss(request: Request, reply: MetaReplies): void {
    this.#key.close();
    countMiss(this.#key.store.counters, request.hasExptime);
    reply.miss(request);
  }

  /** Creates an empty item for a missing key; the client that creates it wins the lease. */
  #create(request: Request): ItemId {
    this.#item.takeNew(request, this.#key.hash, 0, NEVER);
    const id = this.#item.create(NO_ITEM);
    if (id === NO_ITEM) return NO_ITEM;
    this.#createdItem = true;
    this.#key.read(id);
    return id;
  }

  /** Writes the reply. Returns true if the bytes of a large value must still be written. */
  #show(request: Request, reply: MetaReplies, id: ItemId): boolean {
    const { store, facts } = this.#key;
    const sameCas =
      request.hasCas && request.casHigh === facts.casHigh && request.casLow === facts.casLow;
    const withValue = request.wantsValue && !sameCas;
    if (withValue) reply.valueHead(facts.valueBytes);
    else reply.head();
    for (let flag = 0; flag < request.flagCount; flag++) {
      const isShared = showSharedFlag(this.#key, request, reply, id, flag);
      if (!isShared) this.#showFlag(request, reply, id, flag);
    }
    this.#showTokens(request, reply, id);
    reply.lineEnd();
    if (!withValue || facts.isChained) return withValue;
    reply.sink.putViewed(store.bytes, facts.valueAt, facts.valueAt + facts.valueBytes);
    reply.lineEnd();
    return false;
  }

  /** Applies one of mg's own flags to the item and writes what it asks for. */
  #showFlag(request: Request, reply: MetaReplies, id: ItemId, flag: number): void {
    const { store, facts } = this.#key;
    const { items, clock } = store;
    const letter = request.flagLetter(flag);
    switch (letter) {
      case META_LETTER.vivify:
        if (!this.#createdItem) break;
        store.setExpiry(id, expiryOf(request.vivifyExptime, clock));
        this.#wonLease = true;
        break;
      case META_LETTER.recache:
        if (this.#shouldRecache(request, id)) this.#wonLease = true;
        break;
      case META_LETTER.size:
        reply.number(letter, facts.valueBytes);
        break;
      case META_LETTER.clientFlags:
        reply.number(letter, facts.clientFlags);
        break;
      case META_LETTER.lastAccess:
        reply.number(letter, Math.max(0, clock.now() - items.access(id)));
        break;
      case META_LETTER.hit:
        reply.number(letter, items.isFetched(id) ? 1 : 0);
        break;
      case META_LETTER.key: {
        const at = items.keyAt(id);
        const end = at + items.keyBytes(id);
        const { bytes } = store.bytes;
        // Only a key in base64 can find an item that the binary protocol stored with a newline.
        const isWordless = request.keyBinary && !isWord(bytes, at, end);
        reply.itemKey(bytes, at, end, items.hasBinaryKey(id) || isWordless);
      }
    }
  }

  /** Whether this client wins the lease to refresh the item before it expires. */
  #shouldRecache(request: Request, id: ItemId): boolean {
    const { items, clock } = this.#key.store;
    const expiry = items.expiry(id);
    const recacheBefore = expiryOf(request.recacheExptime, clock);
    const isLeased = this.#createdItem || items.isLeased(id);
    return !isLeased && expiry !== NEVER && expiry < recacheBefore;
  }

  /** Writes the flags at the end: another client has the lease (Z), stale (X), lease won (W). */
  #showTokens(request: Request, reply: MetaReplies, id: ItemId): void {
    const { store } = this.#key;
    const isStale = store.items.isStale(id);
    // A client that may not refresh a stale item sees it as one that another client refreshes.
    const isLeased = store.items.isLeased(id) || (isStale && request.deniesLease);
    if (isLeased) reply.flag(META_LETTER.leaseTaken);
    if (isStale) {
      reply.flag(META_LETTER.stale);
      if (!isLeased) this.#wonLease = true;
    }
    if (!this.#wonLease) return;
    reply.flag(META_LETTER.won);
    store.grantLease(id);
  }
}
