import type { ByteSink } from '../../base/index.ts';
import { REPLY_FRAME_BYTES_MAX, type Request } from '../../protocol/index.ts';
import { type ItemFacts, type ItemId, type ItemStore, NO_ITEM } from '../../store/index.ts';

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

  constructor(store: ItemStore) {
    this.store = store;
  }

  /** Opens key number `key` of the request. Returns its item, or NO_ITEM. */
  open(request: Request, key = 0): ItemId {
    const { keySource } = request;
    const start = request.keyStart(key);
    const end = request.keyEnd(key);
    this.hash = this.store.hashOf(keySource, start, end);
    return this.store.open(this.hash, keySource, start, end);
  }

  close(): void {
    this.store.close(this.hash);
  }

  /** As `close`, after a command that may have created or replaced the item. */
  closeAfterLink(): void {
    this.store.closeAfterLink(this.hash);
  }

  read(id: ItemId): void {
    this.store.items.read(id, this.facts);
  }

  /**
   * Opens a key and reads the facts of its item. The sink then has room for the reply, with the
   * value if `withValue`, except a value that is chained. It cannot grow while the key is open, so
   * the key closes, the sink grows, and the key opens again.
   */
  openToRead(request: Request, key: number, sink: ByteSink, withValue: boolean): ItemId {
    for (;;) {
      const id = this.open(request, key);
      if (id === NO_ITEM) return NO_ITEM;
      this.read(id);
      const { isChained, valueBytes } = this.facts;
      const roomBytes = REPLY_FRAME_BYTES_MAX + (withValue && !isChained ? valueBytes : 0);
      if (sink.at + roomBytes <= sink.bytes.length) return id;
      this.close();
      sink.ensure(roomBytes);
    }
  }
}
