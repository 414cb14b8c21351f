import type { ByteSink } from '../../base/index.ts';
import { REPLY_FRAME_BYTES_MAX, type Request } from '../../protocol/index.ts';
import { type ItemFacts, type ItemId, type ItemStore, NO_ITEM } from '../../store/index.ts';
import { STREAM } from '../admin/event-log.ts';
import type { ItemEvents, LookUp } from './item-events.ts';

/** The facts of an opened item that replies and counters need. */
class Facts implements ItemFacts {
  clientFlags = 0;
  valueBytes = 0;
  segment = 0;
  sizeClass = 0;
  casHigh = 0;
  casLow = 0;
  valueAt = 0;
  isChained = false;
}

/** The last look-up, for its event: refilled under the stripe, where a thread may not allocate. */
class RecordedLookUp implements LookUp {
  keySource: Buffer = Buffer.alloc(0);
  keyStart = 0;
  keyEnd = 0;
  status: LookUp['status'] = 'found';
  sizeClass = 0;
  valueBytes = 0;
}

/**
 * The key of a request while its command works on it. `open` locks the stripe of the key, so a
 * close must follow; in between the thread neither throws nor allocates. One object serves all
 * commands of a thread, because a thread executes one command at a time.
 */
export class OpenKey {
  readonly store: ItemStore;
  /** The hash of the key that was opened last. */
  hash = 0;
  /** The facts that the last `openToRead` or `read` found. */
  readonly facts = new Facts();
  readonly #events: ItemEvents;
  readonly #lookUp = new RecordedLookUp();
  /** Whether `#lookUp` waits for the close, to become an event. */
  #isRecorded = false;

  constructor(store: ItemStore, events: ItemEvents) {
    this.store = store;
    this.#events = events;
  }

  /** The hash of key number `key` of the request. */
  hashOf(request: Request, key: number): number {
    return this.store.hashOf(request.keySource, request.keyStart(key), request.keyEnd(key));
  }

  /** Opens key number `key` of the request. Returns its item, or NO_ITEM. */
  open(request: Request, key = 0): ItemId {
    return this.openBytes(request.keySource, request.keyStart(key), request.keyEnd(key));
  }

  /** Opens the key `source[start, end)`, which stays the same until the close. */
  openBytes(source: Buffer, start: number, end: number): ItemId {
    return this.#openHashed(this.store.hashOf(source, start, end), source, start, end);
  }

  #openHashed(hash: number, source: Buffer, start: number, end: number): ItemId {
    this.hash = hash;
    const id = this.store.open(hash, source, start, end);
    if (this.#events.isWatched(STREAM.fetchers)) this.#record(source, start, end, id);
    return id;
  }

  close(): void {
    this.store.close(this.hash);
    if (this.#isRecorded) this.#publish();
  }

  /** As `close`, after a command that may have created or replaced the item. */
  closeAfterLink(): void {
    this.store.closeAfterLink(this.hash);
    if (this.#isRecorded) this.#publish();
  }

  /** Looks a key up for the event only, before the store itself looks it up to store a value. */
  publishLookUp(source: Buffer, start: number, end: number): void {
    this.openBytes(source, start, end);
    this.close();
  }

  #record(source: Buffer, start: number, end: number, id: ItemId): void {
    const lookUp = this.#lookUp;
    const { items } = this.store;
    lookUp.keySource = source;
    lookUp.keyStart = start;
    lookUp.keyEnd = end;
    lookUp.status = id === NO_ITEM ? this.store.missReason() : 'found';
    lookUp.sizeClass = id === NO_ITEM ? 0 : items.lruClassOf(id);
    lookUp.valueBytes = id === NO_ITEM ? 0 : items.valueBytes(id);
    this.#isRecorded = true;
  }

  #publish(): void {
    this.#isRecorded = false;
    this.#events.lookedUp(this.#lookUp);
  }

  read(id: ItemId): void {
    this.store.items.read(id, this.facts);
  }

  /**
   * Opens the key of this hash and reads the facts of its item. The sink then has room for the
   * reply, with the value if `withValue`, except a value that is chained. It cannot grow while the
   * key is open, so the key closes, the sink grows, and the key opens again.
   */
  openToRead(
    request: Request,
    key: number,
    hash: number,
    sink: ByteSink,
    withValue: boolean,
  ): ItemId {
    const { keySource } = request;
    const start = request.keyStart(key);
    const end = request.keyEnd(key);
    for (;;) {
      const id = this.#openHashed(hash, keySource, start, end);
      if (id === NO_ITEM) return NO_ITEM;
      this.read(id);
      const { isChained, valueBytes } = this.facts;
      const roomBytes = REPLY_FRAME_BYTES_MAX + (withValue && !isChained ? valueBytes : 0);
      if (sink.at + roomBytes <= sink.bytes.length) return id;
      this.store.close(this.hash);
      sink.ensure(roomBytes);
    }
  }
}
