import { type MetaReplies, type Request, STATUS, type Status } from '../../protocol/index.ts';
import { type ItemId, NO_ITEM, type Store } from '../../store/index.ts';
import type { Counter } from '../counter.ts';
import { expiryOf } from '../expiry.ts';
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

/** ma: increments and decrements, with what may be shown of the counter. */
export class MetaArithmetic {
  readonly #store: Store;
  readonly #counter: Counter;
  /** The item that carries the number, while its key is open. */
  #item: ItemId = NO_ITEM;
  #created = false;

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
    this.#created = false;
    const status = id === NO_ITEM ? this.#create(request, hash) : this.#change(request, hash, id);
    // memcached 1.6.18 answers a counter that it created whatever `q` says.
    const silent = request.noreply && !this.#created;
    const shown = status === STATUS.stored;
    if (shown) this.#show(request, reply, silent);
    store.closeGrown(hash);
    if (!shown) reply.status(request, status);
  }

  #create(request: Request, hash: number): Status {
    if (!request.vivify) {
      this.#counter.countMiss(request.level > 0);
      return STATUS.notFound;
    }
    const { initialHigh, initialLow } = request;
    this.#item = this.#counter.create(request, hash, NEVER, initialHigh, initialLow);
    this.#created = true;
    return this.#item === NO_ITEM ? STATUS.outOfMemoryCreating : STATUS.stored;
  }

  #change(request: Request, hash: number, id: ItemId): Status {
    const { items } = this.#store;
    const { casHigh, casLow } = request;
    if (items.valueBytes(id) === 0) return STATUS.nonNumeric;
    const anyCas = casHigh === 0 && casLow === 0;
    if (!anyCas && (items.casHigh(id) !== casHigh || items.casLow(id) !== casLow)) {
      return STATUS.exists;
    }
    if (!this.#counter.read(id)) return STATUS.nonNumeric;
    const up = request.level > 0;
    this.#counter.countHit(up, items.lruClassOf(id));
    let item = this.#counter.apply(hash, id, up, request.deltaHigh, request.deltaLow);
    if (item !== NO_ITEM && request.hasOwnCas) {
      item = this.#store.restamp(hash, item, true, request.ownCasHigh, request.ownCasLow);
    }
    this.#item = item;
    return item === NO_ITEM ? STATUS.outOfMemory : STATUS.stored;
  }

  /** Does what the flags say to the item, and shows it unless nobody wants to see. */
  #show(request: Request, reply: MetaReplies, silent: boolean): void {
    const { sink } = reply;
    const before = sink.at;
    if (request.wantsValue) reply.valueHead(this.#counter.length);
    else reply.head();
    for (let flag = 0; flag < request.flagCount; flag++) this.#showFlag(request, reply, flag);
    reply.lineEnd();
    if (request.wantsValue) {
      sink.putRange(this.#counter.digits, 0, this.#counter.length);
      reply.lineEnd();
    }
    if (silent) sink.at = before;
  }

  #showFlag(request: Request, reply: MetaReplies, flag: number): void {
    const { items, lifetimes } = this.#store;
    const id = this.#item;
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
        break;
      case LETTER.ttl:
        showTtl(reply, items.expiry(id), lifetimes.now());
        break;
      case LETTER.cas:
        reply.wide(letter, items.casHigh(id), items.casLow(id));
        break;
      case LETTER.opaque:
        reply.opaque(request, flag);
        break;
      case LETTER.key:
        reply.key(request);
    }
  }
}
