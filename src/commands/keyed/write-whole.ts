import { type Request, type Status, VERB } from '../../protocol/index.ts';
import { CLASS_COUNT, OUTCOME, type Store, type WholeValue } from '../../store/index.ts';
import { encodeKey, STREAM } from '../admin/event-log.ts';
import { PREFIX_COUNT, type PrefixStats } from '../admin/prefixes.ts';
import { expiryOf } from './expiry.ts';
import type { ItemEvents } from './item-events.ts';
import { copyPutOptions, type PendingValue, STATUS_OF } from './write.ts';

/** The largest value that the store copies while it holds the stripe of the key. */
const WHOLE_VALUE_BYTES_MAX = 16 * 1024;

/** The value of the current request; each request fills the same object. */
class RequestValue implements WholeValue {
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
 * Stores a small value that arrived together with its request line, in one step instead of the
 * three steps of ValueWriter. Rare requests go through ValueWriter, which has every rule.
 */
export class WholeWriter {
  readonly #store: Store;
  readonly #prefixes: PrefixStats;
  readonly #events: ItemEvents;
  readonly #value = new RequestValue();

  constructor(store: Store, prefixes: PrefixStats, events: ItemEvents) {
    this.#store = store;
    this.#prefixes = prefixes;
    this.#events = events;
  }

  /**
   * Stores `request.input[valueStart, valueStart + request.valueBytes)` under the conditions of
   * the request, which it copies to `putOptions`. Returns undefined if it did nothing: the caller
   * must then use a ValueWriter.
   */
  write(request: Request, valueStart: number, putOptions: PendingValue): Status | undefined {
    const store = this.#store;
    const sizeClass = this.#classFor(request);
    if (sizeClass === 0) return undefined;
    this.#copyRequest(request, valueStart);
    copyPutOptions(request, putOptions);
    const outcome = store.putWhole(this.#value, putOptions);
    if (outcome === undefined) return undefined;
    if (outcome !== OUTCOME.stored) store.storedBytes = request.valueBytes;
    store.counters.addToClass(sizeClass, CLASS_COUNT.cmd_set);
    const status = STATUS_OF[outcome];
    // The store evicted these items before it stored the new one, so their events come first.
    if (store.evictionEvents.count > 0) this.#events.publishEvictions();
    this.#publish(request, status, sizeClass);
    return status;
  }

  /** The size class of the new item; 0 if the request needs a ValueWriter. */
  #classFor(request: Request): number {
    const { verb, valueBytes, clientFlags } = request;
    const extendsOldValue = verb === VERB.append || verb === VERB.prepend;
    if (extendsOldValue || request.hasOwnCas || request.invalidate) return 0;
    if (valueBytes > WHOLE_VALUE_BYTES_MAX) return 0;
    const keyBytes = request.keyEnd(0) - request.keyStart(0);
    const store = this.#store;
    if (!store.fits(keyBytes, clientFlags, valueBytes)) return 0;
    return store.classFor(keyBytes, clientFlags, valueBytes);
  }

  #copyRequest(request: Request, valueStart: number): void {
    const value = this.#value;
    const { clock } = this.#store;
    value.keySource = request.keySource;
    value.keyStart = request.keyStart(0);
    value.keyEnd = request.keyEnd(0);
    value.keyBinary = request.keyBinary;
    value.hash = this.#store.hashOf(value.keySource, value.keyStart, value.keyEnd);
    value.clientFlags = request.clientFlags;
    value.expiry = expiryOf(request.exptime, clock.now(), clock.epoch());
    value.source = request.input;
    value.valueStart = valueStart;
    value.valueEnd = valueStart + request.valueBytes;
  }

  /** Counts the request by key prefix, and publishes its event if it has watchers. */
  #publish({ verb, valueBytes }: Request, status: Status, sizeClass: number): void {
    const { keySource, keyStart, keyEnd, expiry } = this.#value;
    if (this.#prefixes.enabled) {
      this.#prefixes.count(PREFIX_COUNT.set, keySource, keyStart, keyEnd);
    }
    if (!this.#events.isWatched(STREAM.mutations)) return;
    const ttl = expiry === 0 ? 0 : expiry - this.#store.clock.now();
    const key = encodeKey(keySource, keyStart, keyEnd);
    this.#events.stored(verb, key, status, ttl, sizeClass, valueBytes);
  }
}
