import { RandomDistance } from '../../base/index.ts';
import { type Request, VERB, type Verb } from '../../protocol/index.ts';
import type { RequestObserver } from '../../server/index.ts';
import { type ItemStore, NO_ITEM } from '../../store/index.ts';
import type { HotKeyTable } from './hot-key-table.ts';

/** The keys that a thread may add to the table in a second. */
const NOTED_KEYS_PER_SECOND = 1000;
const READING = 1;
const WRITING = 2;
const ACCESS_OF_VERB = new Uint8Array(Math.max(...Object.values(VERB)) + 1);
const READS: readonly Verb[] = [VERB.get, VERB.getAndTouch, VERB.metaGet];
const WRITES: readonly Verb[] = [
  ...[VERB.set, VERB.add, VERB.replace, VERB.append, VERB.prepend, VERB.cas, VERB.delete],
  ...[VERB.increment, VERB.decrement, VERB.touch, VERB.metaDelete, VERB.metaArithmetic],
];
for (const verb of READS) ACCESS_OF_VERB[verb] = READING;
for (const verb of WRITES) ACCESS_OF_VERB[verb] = WRITING;

/** A key or a prefix on its way to the table; one object, refilled for each. */
class Sample {
  hash = 0;
  key: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  isWrite = false;
  isHit = false;
  bytes = 0;
}

/**
 * Adds keys of the sampled requests of a thread to the table of hot keys: all of them while there
 * are few, and some at random when the thread is busy. Whether a get was a hit follows from a look
 * at the item right after it, which counts as no access.
 */
export class HotKeySampler implements RequestObserver {
  readonly #table: HotKeyTable;
  readonly #store: ItemStore;
  readonly #delimiter: number;
  readonly #key = new Sample();
  readonly #prefix = new Sample();
  /** One key in so many is noted. */
  #interval = 1;
  /** The keys until the next one that is noted. */
  #countdown = 1;
  #second = 0;
  /** In this second. */
  #seenKeys = 0;
  #notedKeys = 0;
  readonly #distance: RandomDistance;

  /** `seed` is not 0. */
  constructor(table: HotKeyTable, store: ItemStore, delimiter: string, seed: number) {
    this.#table = table;
    this.#store = store;
    this.#delimiter = delimiter.charCodeAt(0);
    this.#distance = new RandomDistance(seed);
  }

  readonly seen = (request: Request, weight: number): void => {
    const access = ACCESS_OF_VERB[request.verb]!;
    if (access === 0) return;
    const { firstKey, endKey } = request;
    this.#seenKeys += endKey - firstKey;
    let key = firstKey + this.#countdown - 1;
    while (key < endKey) {
      this.#note(request, key, access === WRITING, weight * this.#interval);
      this.#countdown = this.#draw();
      key += this.#countdown;
    }
    this.#countdown = key - endKey + 1;
  };

  #note(request: Request, nth: number, isWrite: boolean, weight: number): void {
    const { keySource } = request;
    const [key, prefix] = [this.#key, this.#prefix];
    key.key = keySource;
    key.start = request.keyStart(nth);
    key.end = request.keyEnd(nth);
    key.hash = this.#store.hashOf(keySource, key.start, key.end);
    key.isWrite = isWrite;
    this.#look(key);
    prefix.key = keySource;
    prefix.start = key.start;
    prefix.end = this.#prefixEnd(keySource, key.start, key.end);
    prefix.hash = this.#store.hashOf(keySource, prefix.start, prefix.end);
    prefix.isWrite = isWrite;
    prefix.isHit = key.isHit;
    prefix.bytes = key.bytes;
    this.#table.note(key, prefix, weight, this.#store.clock.now());
    this.#notedKeys++;
  }

  #look(sample: Sample): void {
    const { items } = this.#store;
    const id = this.#store.open(sample.hash, sample.key, sample.start, sample.end);
    sample.isHit = id !== NO_ITEM;
    sample.bytes = sample.isHit ? items.bytes(id) : 0;
    this.#store.close(sample.hash);
  }

  #prefixEnd(bytes: Buffer, start: number, end: number): number {
    for (let at = start; at < end; at++) if (bytes[at] === this.#delimiter) return at + 1;
    return start;
  }

  /** The distance to the next key. */
  #draw(): number {
    const second = this.#store.clock.now();
    if (second !== this.#second) this.#beginSecond(second);
    else if (this.#notedKeys >= 2 * NOTED_KEYS_PER_SECOND) this.#doubleInterval();
    return this.#distance.next(this.#interval);
  }

  #beginSecond(second: number): void {
    const seconds = Math.max(1, second - this.#second);
    const keysPerSecond = this.#seenKeys / seconds;
    this.#interval = Math.max(1, Math.ceil(keysPerSecond / NOTED_KEYS_PER_SECOND));
    this.#second = second;
    this.#seenKeys = 0;
    this.#notedKeys = 0;
  }

  /** A burst: it does not wait for the next second. */
  #doubleInterval(): void {
    this.#interval *= 2;
    this.#notedKeys = NOTED_KEYS_PER_SECOND;
  }
}
