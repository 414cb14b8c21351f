import { type ReplyWriter, type Request, STATUS, type Status, VERB } from '../../protocol/index.ts';
import { type ItemId, NO_ITEM, type Store } from '../../store/index.ts';
import type { Counter } from './counter.ts';
import { expiryOf } from './expiry.ts';

/** Executes incr and decr; those of the binary protocol may create a missing counter. */
export class Arithmetic {
  readonly #store: Store;
  readonly #counter: Counter;

  constructor(store: Store, counter: Counter) {
    this.#store = store;
    this.#counter = counter;
  }

  answer(request: Request, reply: ReplyWriter): void {
    const store = this.#store;
    const start = request.keyStart(0);
    const end = request.keyEnd(0);
    const hash = store.hashOf(request.keySource, start, end);
    const id = store.open(hash, request.keySource, start, end);
    const status =
      id === NO_ITEM ? this.#answerMissing(request, hash) : this.#countItem(request, hash, id);
    store.closeAfterLink(hash);
    if (status === STATUS.stored) reply.counter(request, this.#counter.high, this.#counter.low);
    else reply.status(request, status);
  }

  #answerMissing(request: Request, hash: number): Status {
    const { clock } = this.#store;
    if (!request.vivify) {
      this.#counter.countMiss(request.verb === VERB.increment);
      return STATUS.notFound;
    }
    const expiry = expiryOf(request.vivifyExptime, clock.now(), clock.epoch());
    const { initialHigh, initialLow } = request;
    const id = this.#counter.create(request, hash, expiry, initialHigh, initialLow);
    return this.#recordCas(request, id);
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
    const isIncrement = request.verb === VERB.increment;
    this.#counter.countHit(isIncrement, items.lruClassOf(id));
    const { deltaHigh, deltaLow } = request;
    return this.#recordCas(
      request,
      this.#counter.apply(hash, id, isIncrement, deltaHigh, deltaLow),
    );
  }

  /** Writes the new CAS id to the request, for replies that show it. */
  #recordCas(request: Request, id: ItemId): Status {
    if (id === NO_ITEM) return STATUS.outOfMemory;
    request.casHigh = this.#store.items.casHigh(id);
    request.casLow = this.#store.items.casLow(id);
    return STATUS.stored;
  }
}
