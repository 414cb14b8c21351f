import { ByteSink } from '../../base/index.ts';
import { type ItemId, type ItemWalk, NO_ITEM, newItemPast, type Store } from '../../store/index.ts';
import { KEY_BYTES_MAX, MARK, newSnapshotItem, PAYLOAD_BYTES_MAX, RECORD_BYTES } from './format.ts';
import type { SnapshotEncoder } from './snapshot-encoder.ts';

/** The most bytes that a step copies under one hold of a stripe, besides a single larger item. */
const BYTES_PER_HOLD = 64 * 1024;
/** The most bytes of a chained value that are read at a time. */
const PIECE_BYTES = 64 * 1024;
/** The most bytes of a chained value that one step copies. */
const CHAINED_BYTES_PER_STEP = 1024 * 1024;
/** Keys of one group for which there is room from the start. */
const KEYS_AT_START = 64;

interface OpenItem {
  readonly hash: number;
  readonly id: ItemId;
  /** Bytes of its value that are copied. */
  offset: number;
}

/**
 * Copies the live items of a store, which may be serving, into a snapshot. Every item that lives
 * during the whole dump is in it exactly once, with a value that it had at one moment.
 *
 * A step visits one group of buckets under its stripe. It copies small items at once. Of the others
 * it notes the keys, and opens each of them on its own, so that no hold of a stripe is long.
 */
export class ItemDump {
  readonly #store: Store;
  readonly #walk: ItemWalk;
  readonly #encoder: SnapshotEncoder;
  readonly #item = newSnapshotItem();
  readonly #past = newItemPast();
  readonly #epoch: number;
  /** The keys that a step has noted, each in a place of KEY_BYTES_MAX bytes. */
  #keys = Buffer.alloc(KEYS_AT_START * KEY_BYTES_MAX);
  #keyLengths = new Uint8Array(KEYS_AT_START);
  #keyCount = 0;
  /** The first of them that is not copied. */
  #nextKey = 0;
  /** The chained item that is being copied; it is pinned. */
  #open: OpenItem | undefined;
  #bytesInHold = 0;
  /** The value of an item that is larger than a block, or a piece of a chained one. */
  #scratch = new ByteSink(PIECE_BYTES);

  constructor(store: Store, encoder: SnapshotEncoder) {
    this.#store = store;
    this.#walk = store.walk();
    this.#encoder = encoder;
    this.#epoch = store.clock.epoch();
  }

  get isDone(): boolean {
    return this.#walk.isDone && this.#nextKey === this.#keyCount && this.#open === undefined;
  }

  /** Copies the items of the next group, or goes on with its large ones. */
  step(): void {
    if (this.#open === undefined && this.#nextKey === this.#keyCount) this.#visitGroup();
    else if (this.#open !== undefined) this.#copyMore(this.#open);
    while (this.#open === undefined && this.#nextKey < this.#keyCount) {
      const nth = this.#nextKey++;
      const start = nth * KEY_BYTES_MAX;
      this.#copyKey(start, start + this.#keyLengths[nth]!);
    }
  }

  /** Releases the item that is being copied, also of a dump that ends early. */
  release(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) this.#store.items.unpin(open.hash, open.id);
  }

  #visitGroup(): void {
    if (this.#encoder.room < BYTES_PER_HOLD) this.#encoder.flush();
    this.#keyCount = 0;
    this.#nextKey = 0;
    this.#bytesInHold = 0;
    const missing = this.#walk.step(this.#keyLengths.length, this.#visit);
    if (missing === 0) return;
    this.#keyCount = 0;
    this.#keys = Buffer.alloc(missing * KEY_BYTES_MAX);
    this.#keyLengths = new Uint8Array(missing);
  }

  /** Runs under the stripe: it allocates nothing. */
  readonly #visit = (id: ItemId): void => {
    const { items, bytes } = this.#store.items;
    const recordBytes = RECORD_BYTES + items.keyBytes(id) + items.valueBytes(id);
    const fits = this.#bytesInHold + recordBytes <= BYTES_PER_HOLD;
    if (fits && recordBytes <= this.#encoder.room && !items.isChained(id)) {
      this.#bytesInHold += recordBytes;
      this.#readFacts(id);
      this.#encoder.addItem(this.#item, bytes.bytes, items.keyAt(id), items.valueAt(id));
      return;
    }
    const nth = this.#keyCount++;
    const keyAt = items.keyAt(id);
    this.#keyLengths[nth] = items.keyBytes(id);
    bytes.bytes.copy(this.#keys, nth * KEY_BYTES_MAX, keyAt, keyAt + items.keyBytes(id));
  };

  #readFacts(id: ItemId): void {
    const { items } = this.#store.items;
    const item = this.#item;
    const past = this.#past;
    this.#walk.readPast(id, past);
    const expiry = items.expiry(id);
    item.keyBytes = items.keyBytes(id);
    item.valueBytes = items.valueBytes(id);
    item.clientFlags = items.clientFlags(id);
    item.expiry = expiry === 0 ? 0 : expiry + this.#epoch;
    item.access = past.access + this.#epoch;
    item.casHigh = past.casHigh;
    item.casLow = past.casLow;
    item.hits = past.hits;
    item.marks =
      (items.hasBinaryKey(id) ? MARK.binaryKey : 0) |
      (past.isFetched ? MARK.fetched : 0) |
      (past.isStale ? MARK.stale : 0) |
      (past.isLeased ? MARK.leased : 0) |
      (past.ownCas ? MARK.ownCas : 0) |
      (past.isKept ? MARK.kept : 0);
  }

  /** Copies the item of a key, if it still has one. */
  #copyKey(start: number, end: number): void {
    const store = this.#store.items;
    const hash = store.hashOf(this.#keys, start, end);
    for (;;) {
      const id = store.open(hash, this.#keys, start, end);
      const room = id === NO_ITEM || store.items.isChained(id) ? 0 : this.#roomFor(id);
      if (room > 0) {
        store.close(hash);
        this.#makeRoom(room);
        continue;
      }
      if (id !== NO_ITEM) this.#copyOpened(hash, id, start);
      else store.close(hash);
      return;
    }
  }

  /** Bytes of room that the opened item still needs; 0 if it can be copied now. */
  #roomFor(id: ItemId): number {
    const { items } = this.#store.items;
    const recordBytes = RECORD_BYTES + items.keyBytes(id) + items.valueBytes(id);
    const has = recordBytes > PAYLOAD_BYTES_MAX ? this.#scratch.bytes.length : this.#encoder.room;
    return recordBytes > has ? recordBytes : 0;
  }

  #makeRoom(recordBytes: number): void {
    if (recordBytes > PAYLOAD_BYTES_MAX) this.#scratch = new ByteSink(recordBytes);
    else this.#encoder.flush();
  }

  /** Copies an opened item for which there is room, and closes it. */
  #copyOpened(hash: number, id: ItemId, keyStart: number): void {
    const store = this.#store.items;
    const { bytes } = store.bytes;
    this.#readFacts(id);
    if (store.items.isChained(id)) {
      this.#copyChained(hash, id, keyStart);
      return;
    }
    const valueAt = store.items.valueAt(id);
    const { valueBytes } = this.#item;
    if (RECORD_BYTES + this.#item.keyBytes + valueBytes <= PAYLOAD_BYTES_MAX) {
      this.#encoder.addItem(this.#item, bytes, store.items.keyAt(id), valueAt);
      store.close(hash);
      return;
    }
    const scratch = this.#scratch.bytes;
    bytes.copy(scratch, 0, valueAt, valueAt + valueBytes);
    store.close(hash);
    this.#encoder.beginItem(this.#item, this.#keys, keyStart);
    this.#encoder.addPiece(scratch, 0, valueBytes);
  }

  /** Its pin keeps the value whole while no stripe is held. */
  #copyChained(hash: number, id: ItemId, keyStart: number): void {
    const store = this.#store.items;
    store.pin(id);
    store.close(hash);
    this.#open = { hash, id, offset: 0 };
    this.#encoder.beginItem(this.#item, this.#keys, keyStart);
    this.#copyMore(this.#open);
  }

  #copyMore(open: OpenItem): void {
    const { valueBytes } = this.#item;
    const end = Math.min(valueBytes, open.offset + CHAINED_BYTES_PER_STEP);
    while (open.offset < end) {
      const length = Math.min(PIECE_BYTES, end - open.offset);
      this.#scratch.at = 0;
      this.#store.items.readValue(open.id, open.offset, length, this.#scratch);
      this.#encoder.addPiece(this.#scratch.bytes, 0, length);
      open.offset += length;
    }
    if (open.offset === valueBytes) this.release();
  }
}
