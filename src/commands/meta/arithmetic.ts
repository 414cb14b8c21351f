import { type MetaReplies, type Request, STATUS, type Status } from '../../protocol/index.ts';
import { type ItemId, NO_ITEM, type Store } from '../../store/index.ts';
import type { Counter } from '../keyed/counter.ts';
import { expiryOf } from '../keyed/expiry.ts';
import { showTtl } from './get.ts';

const LETTER = {
  cas: 0x63,
  key: 0x6b,
  ttl: 0x74,
  opaque: 0x4f,
  touch: 0x54,
  vivify: 0x4e,
} as const;
const NEVER = 0;

/** Executes ma: increments or decrements a counter, and writes what its flags ask for. */
export class MetaArithmetic {
  readonly #store: Store;
  readonly #counter: Counter;
  /** The counter's item, while its key is open. */
  #item: ItemId = NO_ITEM;
  #createdItem = false;

  constructor(store: Store, counter: Counter) {
    this.#store = store;
    this.#counter = counter;
  }

  answer(request: Request, reply: MetaReplies): void {
    const store = this.#store;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    const hash = store.hashOf(request.keySource, start, end);
    const id = store.open(hash, request.keySource, start, end);
    this.#createdItem = false;
    const status =
      id === NO_ITEM ? this.#create(request, hash) : this.#countItem(request, hash, id);
    // memcached 1.6.18 ignores `q` when it has created the counter.
    const isQuiet = request.noreply && !this.#createdItem;
    const isStored = status === STATUS.stored;
    if (isStored) this.#show(request, reply, isQuiet);
    store.closeAfterLink(hash);
    if (!isStored) reply.status(request, status);
  }

  #create(request: Request, hash: number): Status {
    if (!request.vivify) {
      this.#counter.countMiss(request.level > 0);
      return STATUS.notFound;
    }
    const { initialHigh, initialLow } = request;
    this.#item = this.#counter.create(request, hash, NEVER, initialHigh, initialLow);
    this.#createdItem = true;
    return this.#item === NO_ITEM ? STATUS.outOfMemoryCreating : STATUS.stored;
  }

  #countItem(request: Request, hash: number, id: ItemId): Status {
    const { items } = this.#store;
    const { casHigh, casLow } = request;
    if (items.valueBytes(id) === 0) return STATUS.nonNumeric;
    const ignoresCas = casHigh === 0 && casLow === 0;
    if (!ignoresCas && (items.casHigh(id) !== casHigh || items.casLow(id) !== casLow)) {
      return STATUS.exists;
    }
    if (!this.#counter.read(id)) return STATUS.nonNumeric;
    const isIncrement = request.level > 0;
    this.#counter.countHit(isIncrement, items.lruClassOf(id));
    let item = this.#counter.apply(hash, id, isIncrement, request.deltaHigh, request.deltaLow);
    if (item !== NO_ITEM && request.hasOwnCas) {
      item = this.#store.assignCas(hash, item, true, request.ownCasHigh, request.ownCasLow);
    }
    this.#item = item;
    return item === NO_ITEM ? STATUS.outOfMemory : STATUS.stored;
  }

  /** Applies the flags to the item and writes the reply; a quiet request drops the reply again. */
  #show(request: Request, reply: MetaReplies, silent: boolean): void {
    const { sink } = reply;
    const lineStart = sink.at;
    if (request.wantsValue) reply.valueHead(this.#counter.length);
    else reply.head();
    for (let flag = 0; flag < request.flagCount; flag++) this.#showFlag(request, reply, flag);
    reply.lineEnd();
    if (request.wantsValue) {
      sink.putRange(this.#counter.digits, 0, this.#counter.length);
      reply.lineEnd();
    }
    if (silent) sink.at = lineStart;
  }

  #showFlag(request: Request, reply: MetaReplies, flag: number): void {
    const { items, clock } = this.#store;
    const id = this.#item;
    const letter = request.flagLetter(flag);
    switch (letter) {
      case LETTER.touch:
        this.#store.setExpiry(id, expiryOf(request.exptime, clock.now(), clock.epoch()));
        break;
      case LETTER.vivify:
        if (!this.#createdItem) break;
        this.#store.setExpiry(id, expiryOf(request.vivifyExptime, clock.now(), clock.epoch()));
        break;
      case LETTER.ttl:
        showTtl(reply, items.expiry(id), clock.now());
        break;
      case LETTER.cas:
        reply.number64(letter, items.casHigh(id), items.casLow(id));
        break;
      case LETTER.opaque:
        reply.opaque(request, flag);
        break;
      case LETTER.key:
        reply.key(request);
    }
  }
}
