import { type Request, STATUS, type Status, VERB, type Verb } from '../../protocol/index.ts';
import type {
  EvictionEvent,
  EvictionListener,
  ItemStore,
  MissReason,
  StoreTime,
} from '../../store/index.ts';
import { type EventLog, encodeKey, STREAM, storeStatusName } from '../admin/event-log.ts';
import { expiryOf, NEVER } from './expiry.ts';

const STORE_COMMANDS: Readonly<Partial<Record<Verb, string>>> = {
  [VERB.set]: 'set',
  [VERB.add]: 'add',
  [VERB.replace]: 'replace',
  [VERB.append]: 'append',
  [VERB.prepend]: 'prepend',
  [VERB.cas]: 'cas',
};

/** A new counter: its size class, and the number of its digits. */
interface CreatedCounter {
  readonly createdClass: number;
  readonly length: number;
}

/** A look-up of the key `keySource[keyStart, keyEnd)`, and what it found. */
export interface LookUp {
  readonly keySource: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly status: 'found' | MissReason;
  /** 0 after a miss. */
  readonly sizeClass: number;
  /** 0 after a miss. */
  readonly valueBytes: number;
}

/**
 * Formats events of items as memcached does, and publishes them. Callers check `isWatched` first,
 * to avoid the cost of formatting. It receives evictions from the store itself.
 */
export class ItemEvents implements EvictionListener {
  readonly #log: EventLog;
  readonly #clock: StoreTime;

  constructor(store: ItemStore, log: EventLog) {
    this.#clock = store.clock;
    this.#log = log;
    store.onEvictions(this);
  }

  isWatched(stream: number): boolean {
    return (this.#log.watchedStreams & stream) !== 0;
  }

  get areEvictionsWatched(): boolean {
    return this.isWatched(STREAM.evictions);
  }

  /** A command looked up a key: for a read, a write or a delete. */
  lookedUp({ keySource, keyStart, keyEnd, status, sizeClass, valueBytes }: LookUp): void {
    const key = encodeKey(keySource, keyStart, keyEnd);
    this.#log.publish(
      STREAM.fetchers,
      `item_get key=${key} status=${status} clsid=${sizeClass} cfd=${this.#log.cfd} ` +
        `size=${valueBytes}`,
    );
  }

  stored(
    verb: Verb,
    key: string,
    status: Status,
    ttl: number,
    sizeClass: number,
    valueBytes: number,
  ): void {
    const command = STORE_COMMANDS[verb] ?? 'set';
    this.#log.publish(
      STREAM.mutations,
      `item_store key=${key} status=${storeStatusName(status)} cmd=${command} ttl=${ttl} ` +
        `clsid=${sizeClass} cfd=${this.#log.cfd} size=${valueBytes}`,
    );
  }

  /** An incr, decr or ma stored the initial number; memcached shows it as an add. */
  createdCounter(request: Request, { createdClass, length }: CreatedCounter): void {
    if (!this.isWatched(STREAM.mutations)) return;
    const key = encodeKey(request.keySource, request.keyStart(0), request.keyEnd(0));
    const expiry = expiryOf(request.vivifyExptime, this.#clock);
    const ttl = expiry === NEVER ? 0 : expiry - this.#clock.now();
    this.stored(VERB.add, key, STATUS.stored, ttl, createdClass, length);
  }

  deleted(request: Request, command: 'delete' | 'md', sizeClass: number, valueBytes: number): void {
    const key = encodeKey(request.keySource, request.keyStart(0), request.keyEnd(0));
    this.#log.publish(
      STREAM.deletions,
      `deleted key=${key} cmd=${command} clsid=${sizeClass} size=${valueBytes}`,
    );
  }

  evicted(item: EvictionEvent): void {
    this.#log.publish(
      STREAM.evictions,
      `eviction key=${encodeKey(item.key, 0, item.keyBytes)} ` +
        `fetch=${item.fetched ? 'yes' : 'no'} ttl=${item.ttl} la=${item.idleSeconds} ` +
        `clsid=${item.sizeClass} size=${item.valueBytes}`,
    );
  }
}
