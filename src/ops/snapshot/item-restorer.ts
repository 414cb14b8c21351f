import { BufferView } from '../../base/index.ts';
import {
  type ItemRestore,
  MODE,
  NO_ITEM,
  newItemPast,
  RESTORED,
  type Restored,
  type Store,
  TOO_LARGE,
} from '../../store/index.ts';
import { MARK, type SnapshotFacts, type SnapshotItem } from './format.ts';
import type { SnapshotReceiver } from './snapshot-decoder.ts';

const WORD = 2 ** 32;

/** What became of the items of a snapshot. */
export interface RestoreCounts {
  restored: number;
  /** Keys and values of the restored items. */
  restoredBytes: number;
  /** The node had an item under the key, which is newer. */
  existed: number;
  expired: number;
  /** Larger than the node accepts (`-I`). */
  tooLarge: number;
  /** The node had no memory for them. */
  noMemory: number;
}

export const newRestoreCounts = (): RestoreCounts => ({
  restored: 0,
  restoredBytes: 0,
  existed: 0,
  expired: 0,
  tooLarge: 0,
  noMemory: 0,
});

/** Puts the items of a snapshot into a store, which may be serving. */
export class ItemRestorer implements SnapshotReceiver {
  readonly counts = newRestoreCounts();
  readonly headers: SnapshotFacts[] = [];
  readonly #pause: () => void;
  readonly #store: Store;
  readonly #restore: ItemRestore;
  readonly #view = new BufferView();
  readonly #past = newItemPast();
  /** Reused for all items. */
  readonly #whole = {
    mode: MODE.set,
    casHigh: 0,
    casLow: 0,
    allowStale: false,
    vivify: false,
    ownCas: false,
    ownCasHigh: 0,
    ownCasLow: 0,
    placement: TOO_LARGE,
    keyBytes: 0,
    clientFlags: 0,
    expiry: 0,
    valueBytes: 0,
    hash: 0,
    keySource: this.#view.bytes,
    keyStart: 0,
    keyBinary: false,
    valueSource: this.#view,
    valueStart: 0,
  };
  /** The large item that is being received, or NO_ITEM. */
  #large = NO_ITEM;
  #largeOffset = 0;

  /** `pause` is called between items, without a lock. */
  constructor(store: Store, replaces: boolean, pause: () => void = () => {}) {
    this.#pause = pause;
    this.#store = store;
    this.#restore = store.restore(replaces);
  }

  facts(facts: SnapshotFacts): void {
    this.headers.push(facts);
    this.#restore.begin(Math.floor(facts.lastCas / WORD), facts.lastCas % WORD);
  }

  item(item: SnapshotItem, bytes: Buffer, keyAt: number, valueAt: number): void {
    if (!this.#prepare(item, bytes, keyAt)) return;
    this.#view.show(bytes);
    this.#whole.valueStart = valueAt;
    this.#count(this.#restore.restore(this.#whole, this.#past));
    this.#pause();
  }

  begin(item: SnapshotItem, bytes: Buffer, keyAt: number): void {
    this.#large = NO_ITEM;
    this.#largeOffset = 0;
    if (!this.#prepare(item, bytes, keyAt)) return;
    const store = this.#store.items;
    const id = store.allocate(this.#whole);
    if (id === NO_ITEM) {
      this.counts.noMemory++;
      return;
    }
    store.writeKey(id, bytes, keyAt, keyAt + item.keyBytes, this.#whole.keyBinary);
    this.#large = id;
  }

  piece(bytes: Buffer, start: number, end: number): void {
    if (this.#large === NO_ITEM) return;
    if (this.#store.items.writeValue(this.#large, this.#largeOffset, bytes, start, end)) {
      this.#largeOffset += end - start;
      this.#pause();
      return;
    }
    this.counts.noMemory++;
    this.drop();
  }

  commit(): void {
    const id = this.#large;
    if (id === NO_ITEM) return;
    this.#large = NO_ITEM;
    this.#count(this.#restore.link(this.#whole.hash, id, this.#past));
  }

  drop(): void {
    if (this.#large !== NO_ITEM) this.#store.items.release(this.#large);
    this.#large = NO_ITEM;
  }

  /** Converts the facts of an item for the store; false if it is not to be restored. */
  #prepare(item: SnapshotItem, bytes: Buffer, keyAt: number): boolean {
    const { keyBytes, valueBytes, clientFlags, marks } = item;
    const expiry = this.#restore.expiryOf(item.expiry);
    const ownCas = (marks & MARK.ownCas) !== 0;
    const store = this.#store.items;
    const placement = store.placementFor(keyBytes, clientFlags, valueBytes, ownCas);
    if (expiry === undefined) this.counts.expired++;
    else if (placement === TOO_LARGE) this.counts.tooLarge++;
    if (expiry === undefined || placement === TOO_LARGE) return false;
    const whole = this.#whole;
    whole.placement = placement;
    whole.keyBytes = keyBytes;
    whole.valueBytes = valueBytes;
    whole.clientFlags = clientFlags;
    whole.expiry = expiry;
    whole.ownCas = ownCas;
    whole.ownCasHigh = item.casHigh;
    whole.ownCasLow = item.casLow;
    whole.hash = store.hashOf(bytes, keyAt, keyAt + keyBytes);
    whole.keySource = bytes;
    whole.keyStart = keyAt;
    whole.keyBinary = (marks & MARK.binaryKey) !== 0;
    this.#readPast(item, ownCas);
    return true;
  }

  #readPast({ marks, access, hits, casHigh, casLow }: SnapshotItem, ownCas: boolean): void {
    const past = this.#past;
    past.access = this.#restore.accessOf(access);
    past.hits = hits;
    past.isKept = (marks & MARK.kept) !== 0;
    past.isFetched = (marks & MARK.fetched) !== 0;
    past.isStale = (marks & MARK.stale) !== 0;
    past.isLeased = (marks & MARK.leased) !== 0;
    past.ownCas = ownCas;
    past.casHigh = casHigh;
    past.casLow = casLow;
  }

  #count(result: Restored): void {
    switch (result) {
      case RESTORED.done:
        this.counts.restored++;
        this.counts.restoredBytes += this.#whole.keyBytes + this.#whole.valueBytes;
        break;
      case RESTORED.exists:
        this.counts.existed++;
        break;
      case RESTORED.noMemory:
        this.counts.noMemory++;
    }
  }
}
