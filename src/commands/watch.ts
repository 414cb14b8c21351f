import { type Request, type Status, VERB, type Verb } from '../protocol/index.ts';
import type { Store } from '../store/index.ts';
import { type EventLog, keyWord, STREAM, storeStatusName } from './event-log.ts';

const STORE_COMMANDS: Readonly<Partial<Record<Verb, string>>> = {
  [VERB.set]: 'set',
  [VERB.add]: 'add',
  [VERB.replace]: 'replace',
  [VERB.append]: 'append',
  [VERB.prepend]: 'prepend',
  [VERB.cas]: 'cas',
};

/** Makes the lines of what happens to items, in memcached's words. Ask `wants` first. */
export class ItemEvents {
  readonly #store: Store;
  readonly #log: EventLog;

  constructor(store: Store, log: EventLog) {
    this.#store = store;
    this.#log = log;
    store.evicted.isWanted = () => this.wants(STREAM.evictions);
  }

  wants(stream: number): boolean {
    return (this.#log.watched & stream) !== 0;
  }

  fetched(request: Request, key: number, sizeClass: number, bytes: number): void {
    const word = keyWord(request.keySource, request.keyStart(key), request.keyEnd(key));
    const status = sizeClass > 0 ? 'found' : this.#store.missedBy;
    this.#log.tell(
      STREAM.fetchers,
      `item_get key=${word} status=${status} clsid=${sizeClass} cfd=${this.#log.cfd} size=${bytes}`,
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
    this.#log.tell(
      STREAM.mutations,
      `item_store key=${key} status=${storeStatusName(status)} cmd=${command} ttl=${ttl} ` +
        `clsid=${sizeClass} cfd=${this.#log.cfd} size=${bytes}`,
    );
  }

  deleted(request: Request, command: 'delete' | 'md', sizeClass: number, bytes: number): void {
    const word = keyWord(request.keySource, request.keyStart(0), request.keyEnd(0));
    this.#log.tell(
      STREAM.deletions,
      `deleted key=${word} cmd=${command} clsid=${sizeClass} size=${bytes}`,
    );
  }

  /** Tells what was evicted for the request at hand. */
  tellEvicted(): void {
    const { evicted } = this.#store;
    for (const note of evicted.notes.slice(0, evicted.count)) {
      this.#log.tell(
        STREAM.evictions,
        `eviction key=${keyWord(note.key, 0, note.keyBytes)} fetch=${note.fetched ? 'yes' : 'no'} ` +
          `ttl=${note.ttl} la=${note.idleSeconds} clsid=${note.sizeClass} size=${note.bytes}`,
      );
    }
    evicted.count = 0;
  }
}
