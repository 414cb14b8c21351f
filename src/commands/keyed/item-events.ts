import { type Request, type Status, VERB, type Verb } from '../../protocol/index.ts';
import type { EvictionEvent, EvictionListener, ItemFacts, ItemStore } from '../../store/index.ts';
import { type EventLog, encodeKey, STREAM, storeStatusName } from '../admin/event-log.ts';

const STORE_COMMANDS: Readonly<Partial<Record<Verb, string>>> = {
  [VERB.set]: 'set',
  [VERB.add]: 'add',
  [VERB.replace]: 'replace',
  [VERB.append]: 'append',
  [VERB.prepend]: 'prepend',
  [VERB.cas]: 'cas',
};

/**
 * Formats events of items as memcached does, and publishes them. Callers check `isWatched` first,
 * to avoid the cost of formatting. It receives evictions from the store itself.
 */
export class ItemEvents implements EvictionListener {
  readonly #store: ItemStore;
  readonly #log: EventLog;

  constructor(store: ItemStore, log: EventLog) {
    this.#store = store;
    this.#log = log;
    store.onEvictions(this);
  }

  isWatched(stream: number): boolean {
    return (this.#log.watchedStreams & stream) !== 0;
  }

  get areEvictionsWatched(): boolean {
    return this.isWatched(STREAM.evictions);
  }

  /** A client fetched key number `key` of the request; `item` is undefined after a miss. */
  fetched(request: Request, key: number, item: ItemFacts | undefined): void {
    const encodedKey = encodeKey(request.keySource, request.keyStart(key), request.keyEnd(key));
    const status = item === undefined ? this.#store.missReason() : 'found';
    this.#log.publish(
      STREAM.fetchers,
      `item_get key=${encodedKey} status=${status} clsid=${item?.sizeClass ?? 0} ` +
        `cfd=${this.#log.cfd} size=${item?.valueBytes ?? 0}`,
    );
  }

  stored(
    verb: Verb,
    key: string,
    status: Status,
    ttl: number,
    sizeClass: number,
    bytes: number,
  ): void {
    const command = STORE_COMMANDS[verb] ?? 'set';
    this.#log.publish(
      STREAM.mutations,
      `item_store key=${key} status=${storeStatusName(status)} cmd=${command} ttl=${ttl} ` +
        `clsid=${sizeClass} cfd=${this.#log.cfd} size=${bytes}`,
    );
  }

  deleted(request: Request, command: 'delete' | 'md', sizeClass: number, bytes: number): void {
    const key = encodeKey(request.keySource, request.keyStart(0), request.keyEnd(0));
    this.#log.publish(
      STREAM.deletions,
      `deleted key=${key} cmd=${command} clsid=${sizeClass} size=${bytes}`,
    );
  }

  evicted(item: EvictionEvent): void {
    this.#log.publish(
      STREAM.evictions,
      `eviction key=${encodeKey(item.key, 0, item.keyBytes)} ` +
        `fetch=${item.fetched ? 'yes' : 'no'} ttl=${item.ttl} la=${item.idleSeconds} ` +
        `clsid=${item.sizeClass} size=${item.bytes}`,
    );
  }
}
