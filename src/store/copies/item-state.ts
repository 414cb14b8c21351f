import { BufferView, type ViewedBytes } from '../../base/index.ts';
import type { StoreParts } from '../assemble.ts';
import type { StoreTime } from '../items/store-clock.ts';
import { EXPIRY_MAX, FLAG, type ItemId, SEGMENT } from '../memory/item-layout.ts';

/**
 * The state of a key at one moment: its item, or its absence. The primary of the key reads it, and
 * each receiver takes it. Numbers of two words have at most 47 bits, CAS ids of a client 64.
 */
export interface ItemState {
  /** The key is `keySource[keyStart, keyStart + keyBytes)`. */
  keySource: Buffer;
  keyStart: number;
  /** 1 … 250. */
  keyBytes: number;
  /**
   * The number that the primary drew when it read the state, under the lock of the key. Of two
   * states of a key, that with the higher number is the newer one.
   */
  readHigh: number;
  readLow: number;
  /** After a refusal: the number of the slot, above which the next read number must be. */
  slotHigh: number;
  slotLow: number;
  /** Whether the key has a live item. If not, the fields below mean nothing. */
  exists: boolean;
  /** The value is `value.bytes[valueStart, valueStart + valueBytes)`. */
  value: ViewedBytes;
  valueStart: number;
  valueBytes: number;
  clientFlags: number;
  /** The Unix time, in seconds, at which the item expires, on the reader's clock; 0 is never. */
  expiry: number;
  /** Seconds since the last read or write. */
  idleSeconds: number;
  /** Recent hits, 0 … 3. */
  hits: number;
  /** The sequence number of the item: its CAS id, if it has none of its own. */
  casHigh: number;
  casLow: number;
  /** Whether a client chose the CAS id, which then is this one. */
  ownCas: boolean;
  ownCasHigh: number;
  ownCasLow: number;
  isFetched: boolean;
  isStale: boolean;
  /** Whether a client has the lease to load the value. */
  isLeased: boolean;
  /** Whether the eviction policy has taken it for an item that clients request again. */
  isKept: boolean;
  /** Whether a client sent the key in base64. */
  keyBinary: boolean;
}

/** The absence of an empty key. */
export function newItemState(): ItemState {
  const nothing = new BufferView();
  return {
    keySource: nothing.bytes,
    keyStart: 0,
    keyBytes: 0,
    readHigh: 0,
    readLow: 0,
    slotHigh: 0,
    slotLow: 0,
    exists: false,
    value: nothing,
    valueStart: 0,
    valueBytes: 0,
    clientFlags: 0,
    expiry: 0,
    idleSeconds: 0,
    hits: 0,
    casHigh: 0,
    casLow: 0,
    ownCas: false,
    ownCasHigh: 0,
    ownCasLow: 0,
    isFetched: false,
    isStale: false,
    isLeased: false,
    isKept: false,
    keyBinary: false,
  };
}

/** Reads what the header of an opened item says. It allocates nothing. */
export function readHeader({ items, clock }: StoreParts, id: ItemId, into: ItemState): void {
  const now = clock.now();
  const expiry = items.expiry(id);
  into.valueBytes = items.valueBytes(id);
  into.clientFlags = items.clientFlags(id);
  into.expiry = expiry === 0 ? 0 : expiry + clock.epoch();
  into.idleSeconds = Math.max(0, now - items.access(id));
  into.hits = items.hits(id);
  into.casHigh = items.seqHigh(id);
  into.casLow = items.seqLow(id);
  into.ownCas = items.hasFlag(id, FLAG.ownCas);
  into.ownCasHigh = into.ownCas ? items.casHigh(id) : 0;
  into.ownCasLow = into.ownCas ? items.casLow(id) : 0;
  into.isFetched = items.isFetched(id);
  into.isStale = items.isStale(id);
  into.isLeased = items.isLeased(id);
  into.isKept = items.segment(id) === SEGMENT.warm;
  into.keyBinary = items.hasBinaryKey(id);
}

/** When an item with this state expires on the clock of a store, which may have started later. */
export function expiryOf({ expiry }: ItemState, clock: StoreTime): number {
  return expiry === 0 ? 0 : Math.min(Math.max(expiry - clock.epoch(), 1), EXPIRY_MAX);
}

/** The flags of an item that has this state, besides those of its layout. */
export function flagsOf(state: ItemState): number {
  return (
    (state.isFetched ? FLAG.fetched : 0) |
    (state.isStale ? FLAG.stale : 0) |
    (state.isLeased ? FLAG.tokenSent : 0) |
    (state.keyBinary ? FLAG.keyBinary : 0)
  );
}
