import { BufferView } from '../../base/index.ts';
import { type Request, VERB, type Verb } from '../../protocol/index.ts';
import {
  type ItemId,
  type ItemStore,
  MODE,
  type Mode,
  type Placement,
  TOO_LARGE,
  type WholeItem,
} from '../../store/index.ts';
import { expiryOf } from './expiry.ts';

const MODE_OF: Readonly<Partial<Record<Verb, Mode>>> = {
  [VERB.set]: MODE.set,
  [VERB.add]: MODE.add,
  [VERB.replace]: MODE.replace,
  [VERB.append]: MODE.append,
  [VERB.prepend]: MODE.prepend,
  [VERB.cas]: MODE.cas,
};

const NO_VALUE = Buffer.alloc(0);

/**
 * The item that the current request stores or creates, as the store takes it: the one copy of these
 * fields of the request. Each request refills the one object of the thread.
 */
export class RequestItem implements WholeItem {
  placement: Placement = TOO_LARGE;
  hash = 0;
  keySource: Buffer = NO_VALUE;
  keyStart = 0;
  keyBytes = 0;
  keyBinary = false;
  clientFlags = 0;
  expiry = 0;
  readonly valueSource = new BufferView();
  valueStart = 0;
  valueBytes = 0;
  mode: Mode = MODE.set;
  casHigh = 0;
  casLow = 0;
  allowStale = false;
  vivify = false;
  ownCas = false;
  ownCasHigh = 0;
  ownCasLow = 0;
  readonly #store: ItemStore;

  constructor(store: ItemStore) {
    this.#store = store;
  }

  /** Takes the item of a storage request, except its value and its hash. */
  takeStorage(request: Request): void {
    this.#takeKey(request);
    this.clientFlags = request.clientFlags;
    this.expiry = expiryOf(request.exptime, this.#store.clock);
    this.valueBytes = request.valueBytes;
    this.mode = MODE_OF[request.verb]!;
    this.casHigh = request.casHigh;
    this.casLow = request.casLow;
    this.allowStale = request.invalidate;
    this.vivify = request.vivify;
    this.#place();
  }

  /** Takes the value, and hashes the key: the item is complete. */
  takeValue(source: Buffer, start: number): void {
    this.valueSource.show(source);
    this.valueStart = start;
    this.hash = this.#store.hashOf(this.keySource, this.keyStart, this.keyStart + this.keyBytes);
  }

  /** Takes an item that a command creates under an opened key, with that hash; without a value. */
  takeNew(request: Request, hash: number, clientFlags: number, expiry: number): void {
    this.#takeKey(request);
    this.hash = hash;
    this.clientFlags = clientFlags;
    this.expiry = expiry;
    this.valueBytes = 0;
  }

  /**
   * Creates the item with the value `value[0, valueBytes)`, in place of `old` unless that is
   * NO_ITEM. Returns the item, or NO_ITEM if there is no memory for it.
   */
  create(old: ItemId, value = NO_VALUE, valueBytes = 0): ItemId {
    this.valueSource.show(value);
    this.valueStart = 0;
    this.valueBytes = valueBytes;
    this.#place();
    return this.#store.create(this, old);
  }

  #takeKey(request: Request): void {
    this.keySource = request.keySource;
    this.keyStart = request.keyStart(0);
    this.keyBytes = request.keyEnd(0) - this.keyStart;
    this.keyBinary = request.keyBinary;
    this.ownCas = request.hasOwnCas;
    this.ownCasHigh = request.ownCasHigh;
    this.ownCasLow = request.ownCasLow;
  }

  #place(): void {
    const { keyBytes, clientFlags, valueBytes, ownCas } = this;
    this.placement = this.#store.placementFor(keyBytes, clientFlags, valueBytes, ownCas);
  }
}
