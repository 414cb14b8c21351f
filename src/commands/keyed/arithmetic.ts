import { type ReplyWriter, type Request, STATUS, type Status, VERB } from '../../protocol/index.ts';
import { type ItemId, NO_ITEM } from '../../store/index.ts';
import type { Counter } from './counter.ts';
import { expiryOf } from './expiry.ts';
import type { ItemEvents } from './item-events.ts';
import type { OpenKey } from './open-key.ts';

/** Executes incr and decr; those of the binary protocol may create a missing counter. */
export class Arithmetic {
  readonly #key: OpenKey;
  readonly #counter: Counter;
  readonly #events: ItemEvents;

  constructor(key: OpenKey, counter: Counter, events: ItemEvents) {
    this.#key = key;
    this.#counter = counter;
    this.#events = events;
  }

  answer(request: Request, reply: ReplyWriter): void {
    const id = this.#key.open(request);
    const status = id === NO_ITEM ? this.#answerMissing(request) : this.#countItem(request, id);
    this.#key.closeAfterLink();
    if (id === NO_ITEM && status === STATUS.stored)
      this.#events.createdCounter(request, this.#counter);
    if (status === STATUS.stored) reply.counter(request, this.#counter);
    else reply.status(request, status);
  }

  #answerMissing(request: Request): Status {
    if (!request.vivify) {
      this.#counter.countMiss(request.verb === VERB.increment);
      return STATUS.notFound;
    }
    const expiry = expiryOf(request.vivifyExptime, this.#key.store.clock);
    return this.#finish(this.#counter.create(request, expiry));
  }

  #countItem(request: Request, id: ItemId): Status {
    const refusal = this.#counter.refusalOf(request, id);
    if (refusal !== undefined) return refusal;
    return this.#finish(this.#counter.apply(id, request.verb === VERB.increment, request));
  }

  #finish(id: ItemId): Status {
    if (id === NO_ITEM) return STATUS.outOfMemory;
    this.#counter.takeCas(id);
    return STATUS.stored;
  }
}
