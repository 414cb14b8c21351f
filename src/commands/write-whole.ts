import { type Request, type Status, VERB } from '../protocol/index.ts';
import { CLASS_COUNT, OUTCOME, type Store, type WholeValue } from '../store/index.ts';
import { keyWord, STREAM } from './event-log.ts';
import { expiryOf } from './expiry.ts';
import { PREFIX_COUNT, type PrefixStats } from './prefixes.ts';
import type { ItemEvents } from './watch.ts';
import { type PendingValue, STATUS_OF, takeTerms } from './write.ts';

/** Up to this size a value is copied while its key's stripe is held. */
const VALUE_BYTES_MAX = 16 * 1024;

/** The value of the request at hand; one object, filled again for each. */
class Whole implements WholeValue {
  hash = 0;
  keySource: Buffer = Buffer.alloc(0);
  keyStart = 0;
  keyEnd = 0;
  keyBinary = false;
  clientFlags = 0;
  expiry = 0;
  source: Buffer = this.keySource;
  valueStart = 0;
  valueEnd = 0;
}

/**
 * Stores small values that have come with their request: what ValueWriter does in three steps, in
 * one. It leaves to that what is rare, so each of its rules is there too.
 */
export class WholeWriter {
  readonly #store: Store;
  readonly #prefixes: PrefixStats;
  readonly #events: ItemEvents;
  readonly #value = new Whole();

  constructor(store: Store, prefixes: PrefixStats, events: ItemEvents) {
    this.#store = store;
    this.#prefixes = prefixes;
    this.#events = events;
  }

  /**
   * Stores `request.input[valueStart, valueStart + request.valueBytes)` on the request's terms,
   * noted in `terms`. Undefined when nothing has happened: the value has to go through a
   * ValueWriter.
   */
  write(request: Request, valueStart: number, terms: PendingValue): Status | undefined {
    const store = this.#store;
    const sizeClass = this.#classFor(request);
    if (sizeClass === 0) return undefined;
    this.#take(request, valueStart);
    takeTerms(request, terms);
    const outcome = store.putWhole(this.#value, terms);
    if (outcome === undefined) return undefined;
    if (outcome !== OUTCOME.stored) store.storedBytes = request.valueBytes;
    store.counters.addToClass(sizeClass, CLASS_COUNT.cmd_set);
    const status = STATUS_OF[outcome];
    // What gave way for it went first.
    if (store.evicted.count > 0) this.#events.tellEvicted();
    this.#tell(request, status, sizeClass);
    return status;
  }

  /** The class that the item will be of; 0 when the request is not for here. */
  #classFor(request: Request): number {
    const { verb, valueBytes, clientFlags } = request;
    const joins = verb === VERB.append || verb === VERB.prepend;
    if (joins || request.hasOwnCas || request.invalidate) return 0;
    if (valueBytes > VALUE_BYTES_MAX) return 0;
    const keyBytes = request.keyEnd(0) - request.keyStart(0);
    const store = this.#store;
    if (!store.fits(keyBytes, clientFlags, valueBytes)) return 0;
    return store.classFor(keyBytes, clientFlags, valueBytes);
  }

  #take(request: Request, valueStart: number): void {
    const value = this.#value;
    const { lifetimes } = this.#store;
    value.keySource = request.keySource;
    value.keyStart = request.keyStart(0);
    value.keyEnd = request.keyEnd(0);
    value.keyBinary = request.keyBinary;
    value.hash = this.#store.hashOf(value.keySource, value.keyStart, value.keyEnd);
    value.clientFlags = request.clientFlags;
    value.expiry = expiryOf(request.exptime, lifetimes.now(), lifetimes.epoch());
    value.source = request.input;
    value.valueStart = valueStart;
    value.valueEnd = valueStart + request.valueBytes;
  }

  /** Who counts by prefix, or watches, hears of it. */
  #tell({ verb, valueBytes }: Request, status: Status, sizeClass: number): void {
    const { keySource, keyStart, keyEnd, expiry } = this.#value;
    if (this.#prefixes.enabled) {
      this.#prefixes.count(PREFIX_COUNT.set, keySource, keyStart, keyEnd);
    }
    if (!this.#events.wants(STREAM.mutations)) return;
    const ttl = expiry === 0 ? 0 : expiry - this.#store.lifetimes.now();
    const key = keyWord(keySource, keyStart, keyEnd);
    this.#events.stored(verb, key, status, ttl, sizeClass, valueBytes);
  }
}
