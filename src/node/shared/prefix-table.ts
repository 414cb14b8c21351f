import {
  BufferView,
  type ByteSink,
  type HashKey,
  halfSipHash,
  randomHashKey,
  SharedSegment,
} from '../../base/index.ts';
import { DUMP_END, PREFIX_COUNT, type PrefixStats, putKeyWord } from '../../commands/index.ts';

/** The table counts this many prefixes, and ignores further ones. */
const PREFIXES_MAX = 1024;
/** Twice as many slots as prefixes, so that a prefix is near the slot of its hash. */
const SLOTS = 2 * PREFIXES_MAX;
/** A prefix is in one of so many slots; else the table ignores it. */
const PROBES_MAX = 32;
/** Slots of one piece of a dump, for which the lock is held. */
const SLOTS_PER_PIECE = 64;
/**
 * The words of the header beside the lock: whether the table counts, the key of its hash, and the
 * number of prefixes.
 */
const ENABLED = 1;
const HASH_KEY = 2;
const PREFIXES = 4;
const HEADER_BYTES = SharedSegment.headerBytes;
/** A slot: the length of the prefix plus 1 (0 means free) and its bytes, then four counters. */
const COUNTERS_AT = 256;
const COUNTERS = Object.keys(PREFIX_COUNT).length;
const SLOT_BYTES = COUNTERS_AT + COUNTERS * 8;
const LINE_BYTES_MAX = 900;

const text = (words: string): Uint8Array => Buffer.from(words, 'latin1');
const PREFIX = text('PREFIX ');
const LABELS = [text(' get '), text(' hit '), text(' set '), text(' del ')];
const CRLF = text('\r\n');

/** `stats detail`: requests of all threads, counted by the prefix of their keys. */
export class PrefixTable implements PrefixStats {
  readonly #segment: SharedSegment;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #counters: Float64Array;
  readonly #delimiter: number;
  readonly #hashKey: HashKey;
  readonly #keySource = new BufferView();

  static allocate(enabled: boolean): SharedArrayBuffer {
    const memory = SharedSegment.allocate(SLOTS * SLOT_BYTES);
    const { low, high } = randomHashKey();
    new Int32Array(memory).set([enabled ? 1 : 0, low, high], ENABLED);
    return memory;
  }

  constructor(memory: SharedArrayBuffer, delimiter: string) {
    this.#segment = new SharedSegment(memory);
    this.#words = this.#segment.words;
    this.#bytes = this.#segment.bytes;
    this.#counters = new Float64Array(memory);
    this.#delimiter = delimiter.charCodeAt(0);
    this.#hashKey = { low: this.#words[HASH_KEY]!, high: this.#words[HASH_KEY + 1]! };
  }

  get enabled(): boolean {
    return this.#words[ENABLED] !== 0;
  }

  set enabled(on: boolean) {
    Atomics.store(this.#words, ENABLED, on ? 1 : 0);
  }

  count(what: number, key: Buffer, start: number, end: number): void {
    let stop = start;
    while (stop < end && key[stop] !== this.#delimiter) stop++;
    if (stop === end) return;
    this.#segment.lock();
    const slot = this.#slotOf(key, start, stop);
    if (slot >= 0) this.#counters[(slot + COUNTERS_AT) / 8 + what]!++;
    this.#segment.unlock();
  }

  clear(): void {
    this.#segment.lock();
    this.#bytes.fill(0, HEADER_BYTES);
    this.#words[PREFIXES] = 0;
    this.#segment.unlock();
  }

  dump(sink: ByteSink, position: number): number {
    const end = position + SLOTS_PER_PIECE;
    sink.ensure(SLOTS_PER_PIECE * LINE_BYTES_MAX);
    this.#segment.lock();
    for (let i = position; i < end; i++) {
      const slot = HEADER_BYTES + i * SLOT_BYTES;
      const length = this.#bytes[slot]!;
      if (length === 0) continue;
      sink.putConstant(PREFIX);
      putKeyWord(sink, this.#bytes, slot + 1, slot + length);
      for (let what = 0; what < COUNTERS; what++) {
        sink.putConstant(LABELS[what]!);
        sink.putDecimal(this.#counters[(slot + COUNTERS_AT) / 8 + what]!);
      }
      sink.putConstant(CRLF);
    }
    this.#segment.unlock();
    return end === SLOTS ? DUMP_END : end;
  }

  /** Finds or adds the slot of a prefix; returns -1 if there is no room for it. */
  #slotOf(key: Buffer, start: number, stop: number): number {
    const length = stop - start + 1;
    this.#keySource.show(key);
    const hash = halfSipHash(this.#keySource.view, start, stop, this.#hashKey);
    for (let step = 0; step < PROBES_MAX; step++) {
      const slot = HEADER_BYTES + (((hash >>> 0) + step) % SLOTS) * SLOT_BYTES;
      if (this.#bytes[slot] === 0) {
        if (this.#words[PREFIXES] === PREFIXES_MAX) return -1;
        this.#words[PREFIXES]!++;
        this.#bytes[slot] = length;
        key.copy(this.#bytes, slot + 1, start, stop);
        return slot;
      }
      if (this.#bytes[slot] === length && this.#holds(slot, key, start, stop)) return slot;
    }
    return -1;
  }

  #holds(slot: number, key: Buffer, start: number, stop: number): boolean {
    for (let i = start; i < stop; i++)
      if (this.#bytes[slot + 1 + i - start] !== key[i]) return false;
    return true;
  }
}
