import { type Request, type Status, VERB, type Verb } from '../../protocol/index.ts';
import type { Store } from '../../store/index.ts';
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
 * to avoid the cost of formatting.
 */
export class ItemEvents {
  readonly #store: Store;
  readonly #log: EventLog;

  constructor(store: Store, log: EventLog) {
    this.#store = store;
    this.#log = log;
    store.evictionEvents.isWatched = () => this.isWatched(STREAM.evictions);
  }

  isWatched(stream: number): boolean {
    return (this.#log.watchedStreams & stream) !== 0;
  }

  fetched(request: Request, key: number, sizeClass: number, bytes: number): void {
    const encodedKey = encodeKey(request.keySource, request.keyStart(key), request.keyEnd(key));
    const status = sizeClass > 0 ? 'found' : this.#store.missReason;
    this.#log.publish(
      STREAM.fetchers,
      `item_get key=${encodedKey} status=${status} clsid=${sizeClass} ` +
        `cfd=${this.#log.cfd} size=${bytes}`,
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

  /** Publishes the evictions that the current request caused. */
  publishEvictions(): void {
    const { evictionEvents } = this.#store;
    for (const item of evictionEvents.events.slice(0, evictionEvents.count)) {
      this.#log.publish(
        STREAM.evictions,
        `eviction key=${encodeKey(item.key, 0, item.keyBytes)} ` +
          `fetch=${item.fetched ? 'yes' : 'no'} ttl=${item.ttl} la=${item.idleSeconds} ` +
          `clsid=${item.sizeClass} size=${item.bytes}`,
      );
    }
    evictionEvents.count = 0;
  }
}
