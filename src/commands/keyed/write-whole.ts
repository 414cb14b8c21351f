import { type ReplyWriter, type Request, VERB } from '../../protocol/index.ts';
import {
  CLASS_COUNT,
  type ItemStore,
  isChainedPlacement,
  type StoreResult,
  TOO_LARGE,
} from '../../store/index.ts';
import { encodeKey, STREAM } from '../admin/event-log.ts';
import { PREFIX_COUNT, type PrefixStats } from '../admin/prefixes.ts';
import type { ItemEvents } from './item-events.ts';
import type { RequestItem } from './request-item.ts';
import { STATUS_OF } from './write.ts';

/** The largest value that the store copies while it holds the stripe of the key. */
const WHOLE_VALUE_BYTES_MAX = 16 * 1024;

/**
 * Stores a small value that arrived together with its request line, in one step instead of the
 * three steps of ValueWriter. Rare requests go through ValueWriter, which has every rule.
 */
export class WholeWriter {
  readonly #store: ItemStore;
  readonly #item: RequestItem;
  readonly #prefixes: PrefixStats;
  readonly #events: ItemEvents;

  constructor(store: ItemStore, item: RequestItem, prefixes: PrefixStats, events: ItemEvents) {
    this.#store = store;
    this.#item = item;
    this.#prefixes = prefixes;
    this.#events = events;
  }

  /**
   * Stores `request.input[valueStart, valueStart + request.valueBytes)` and replies. Returns false
   * if it did nothing: the caller must then use a ValueWriter.
   */
  write(request: Request, valueStart: number, reply: ReplyWriter): boolean {
    const { verb, valueBytes } = request;
    const extendsOldValue = verb === VERB.append || verb === VERB.prepend;
    if (extendsOldValue || request.hasOwnCas || request.invalidate) return false;
    // ValueWriter publishes the look-up.
    if (this.#events.isWatched(STREAM.fetchers)) return false;
    if (valueBytes > WHOLE_VALUE_BYTES_MAX) return false;
    const item = this.#item;
    item.takeStorage(request);
    const { placement } = item;
    if (placement === TOO_LARGE || isChainedPlacement(placement)) return false;
    item.takeValue(request.input, valueStart);
    const result = this.#store.putWhole(item);
    if (result === undefined) return false;
    // The placement of an item of one chunk is its size class.
    this.#store.counters.addToClass(placement, CLASS_COUNT.cmd_set);
    if (this.#prefixes.enabled || this.#events.isWatched(STREAM.mutations)) {
      this.#publish(request, result);
    }
    reply.stored(request, STATUS_OF[result.outcome], result);
    return true;
  }

  /** Counts the request by key prefix, and publishes its event if it has watchers. */
  #publish({ verb, valueBytes }: Request, result: StoreResult): void {
    const { keySource, keyStart, keyBytes, expiry, placement } = this.#item;
    const keyEnd = keyStart + keyBytes;
    if (this.#prefixes.enabled) {
      this.#prefixes.count(PREFIX_COUNT.set, keySource, keyStart, keyEnd);
    }
    if (!this.#events.isWatched(STREAM.mutations)) return;
    const ttl = expiry === 0 ? 0 : expiry - this.#store.clock.now();
    const key = encodeKey(keySource, keyStart, keyEnd);
    this.#events.stored(verb, key, STATUS_OF[result.outcome], ttl, placement, valueBytes);
  }
}
