import {
  META_LETTER,
  type MetaReplies,
  type Request,
  STATUS,
  type Status,
} from '../../protocol/index.ts';
import { type ItemId, NO_ITEM } from '../../store/index.ts';
import type { Counter } from '../keyed/counter.ts';
import { expiryOf, NEVER } from '../keyed/expiry.ts';
import type { ItemEvents } from '../keyed/item-events.ts';
import type { OpenKey } from '../keyed/open-key.ts';
import { showSharedFlag } from './show-flag.ts';

/** Executes ma: increments or decrements a counter, and writes what its flags ask for. */
export class MetaArithmetic {
  readonly #key: OpenKey;
  readonly #counter: Counter;
  readonly #events: ItemEvents;
  /** The counter's item, while its key is open. */
  #item: ItemId = NO_ITEM;
  #createdItem = false;

  constructor(key: OpenKey, counter: Counter, events: ItemEvents) {
    this.#key = key;
    this.#counter = counter;
    this.#events = events;
  }

  answer(request: Request, reply: MetaReplies): void {
    const id = this.#key.open(request);
    this.#createdItem = false;
    const status = id === NO_ITEM ? this.#create(request) : this.#countItem(request, id);
    const isStored = status === STATUS.stored;
    if (isStored) this.#show(request, reply);
    this.#key.closeAfterLink();
    if (isStored && this.#createdItem) this.#events.createdCounter(request, this.#counter);
    if (!isStored) reply.status(request, status);
  }

  #create(request: Request): Status {
    if (!request.vivify) {
      this.#counter.countMiss(!request.decrements);
      return STATUS.notFound;
    }
    this.#item = this.#counter.create(request, NEVER);
    this.#createdItem = true;
    return this.#item === NO_ITEM ? STATUS.outOfMemoryCreating : STATUS.stored;
  }

  #countItem(request: Request, id: ItemId): Status {
    const refusal = this.#counter.refusalOf(request, id);
    if (refusal !== undefined) return refusal;
    const { store, hash } = this.#key;
    let item = this.#counter.apply(id, !request.decrements, request);
    if (item !== NO_ITEM && request.hasOwnCas) {
      item = store.assignCas(hash, item, true, request.ownCasHigh, request.ownCasLow);
    }
    this.#item = item;
    return item === NO_ITEM ? STATUS.outOfMemory : STATUS.stored;
  }

  /** Applies the flags to the item and writes the reply; a quiet request drops the reply again. */
  #show(request: Request, reply: MetaReplies): void {
    const { sink } = reply;
    const lineStart = sink.at;
    if (request.wantsValue) reply.valueHead(this.#counter.length);
    else reply.head();
    for (let flag = 0; flag < request.flagCount; flag++) {
      const isShared = showSharedFlag(this.#key, request, reply, this.#item, flag);
      if (!isShared) this.#showFlag(request, reply, flag);
    }
    reply.lineEnd();
    if (request.wantsValue) {
      sink.putRange(this.#counter.digits, 0, this.#counter.length);
      reply.lineEnd();
    }
    if (request.noreply) sink.at = lineStart;
  }

  #showFlag(request: Request, reply: MetaReplies, flag: number): void {
    const { store } = this.#key;
    const letter = request.flagLetter(flag);
    if (letter === META_LETTER.key) reply.key(request);
    else if (letter === META_LETTER.vivify && this.#createdItem) {
      store.setExpiry(this.#item, expiryOf(request.vivifyExptime, store.clock));
    }
  }
}
