import { assert } from '../../base/index.ts';

/** One sampled request for a key. */
export interface KeySample {
  readonly hash: number;
  readonly key: Buffer;
  readonly start: number;
  readonly end: number;
  readonly isWrite: boolean;
  readonly isHit: boolean;
  /** What the item occupies; 0 without one. */
  readonly bytes: number;
}

/** What the sketch knows of a key; numbers are sums of weights, on the scale of the sketch. */
export interface SketchEntry {
  readonly key: Buffer;
  readonly gets: number;
  readonly hits: number;
  readonly writes: number;
  /** The part of the key's requests that it may have missed: those before it watched the key. */
  readonly missed: number;
  /** The variance that sampling gives the sum of gets and writes. */
  readonly variance: number;
  readonly bytes: number;
}

const KEY_BYTES = 256;
/** The numbers of a slot, beside the upper bound of its weight. */
const FIELD = { missed: 0, gets: 1, hits: 2, writes: 3, variance: 4, bytes: 5 } as const;
const FIELDS = Object.keys(FIELD).length;
const NUMBER_BYTES = 8;
const WORD_BYTES = 4;

/**
 * The heaviest keys of a stream in bounded memory: Filtered Space-Saving (Homem and Carvalho,
 * "Finding top-k elements in data streams"). A key that has no slot adds its weight to the cell of
 * its hash. Once the cell outweighs the lightest slot, the key takes that slot, and the cell takes
 * over the weight of the key that had it. So rare keys share the cells, and take no slot.
 *
 *   ├ upper bounds ─┼ fields ─┼ cells ─┼ hashes ─┼ key lengths ─┼ keys ─┤
 *
 * For every key, `gets + writes` ≤ true weight ≤ `gets + writes + missed`; a key without a slot
 * weighs at most as much as the lightest slot. The owner of the memory has a lock for it.
 */
export class KeySketch {
  readonly #slots: number;
  readonly #bounds: Float64Array;
  readonly #fields: Float64Array;
  readonly #cells: Float64Array;
  readonly #hashes: Int32Array;
  readonly #lengths: Int32Array;
  readonly #keys: Buffer;

  static bytesFor(slots: number, cells: number): number {
    const numbers = slots * (1 + FIELDS) + cells;
    return numbers * NUMBER_BYTES + slots * (2 * WORD_BYTES + KEY_BYTES);
  }

  /** Opens the memory at `at`; new memory is an empty sketch. `cells` is a power of 2. */
  constructor(memory: ArrayBufferLike, at: number, slots: number, cells: number) {
    assert((cells & (cells - 1)) === 0, 'the number of cells is a power of 2');
    let next = at;
    const take = (bytes: number): number => {
      next += bytes;
      return next - bytes;
    };
    const numbers = (count: number) => new Float64Array(memory, take(count * NUMBER_BYTES), count);
    const words = (count: number) => new Int32Array(memory, take(count * WORD_BYTES), count);
    this.#slots = slots;
    this.#bounds = numbers(slots);
    this.#fields = numbers(slots * FIELDS);
    this.#cells = numbers(cells);
    this.#hashes = words(slots);
    this.#lengths = words(slots);
    this.#keys = Buffer.from(memory as ArrayBuffer, take(slots * KEY_BYTES), slots * KEY_BYTES);
  }

  /** Adds a request that stands for `weight` requests, each of which counts `gain`. */
  add(sample: KeySample, weight: number, gain: number): void {
    const slot = this.#slotOf(sample, weight * gain);
    if (slot < 0) return;
    const at = slot * FIELDS;
    const fields = this.#fields;
    const counted = weight * gain;
    this.#bounds[slot]! += counted;
    if (sample.isWrite) fields[at + FIELD.writes]! += counted;
    else {
      fields[at + FIELD.gets]! += counted;
      if (sample.isHit) fields[at + FIELD.hits]! += counted;
    }
    // A request that stands for itself alone leaves no doubt.
    fields[at + FIELD.variance]! += counted * (weight - 1) * gain;
    fields[at + FIELD.bytes] = sample.bytes;
  }

  /** Multiplies all weights by a factor. */
  scale(factor: number): void {
    for (const numbers of [this.#bounds, this.#cells]) {
      for (let at = 0; at < numbers.length; at++) numbers[at]! *= factor;
    }
    const fields = this.#fields;
    for (let at = 0; at < fields.length; at += FIELDS) {
      for (let field = 0; field < FIELD.variance; field++) fields[at + field]! *= factor;
      fields[at + FIELD.variance]! *= factor * factor;
    }
  }

  clear(): void {
    this.#bounds.fill(0);
    this.#fields.fill(0);
    this.#cells.fill(0);
    this.#lengths.fill(0);
  }

  /** Copies the entries, the heaviest first. */
  entries(): readonly SketchEntry[] {
    const entries: SketchEntry[] = [];
    for (let slot = 0; slot < this.#slots; slot++) {
      if (this.#bounds[slot]! > 0) entries.push(this.#read(slot));
    }
    return entries.toSorted((a, b) => b.gets + b.writes - (a.gets + a.writes));
  }

  #read(slot: number): SketchEntry {
    const read = (field: number): number => this.#fields[slot * FIELDS + field]!;
    const keyAt = slot * KEY_BYTES;
    return {
      key: Buffer.from(this.#keys.subarray(keyAt, keyAt + this.#lengths[slot]!)),
      gets: read(FIELD.gets),
      hits: read(FIELD.hits),
      writes: read(FIELD.writes),
      missed: read(FIELD.missed),
      variance: read(FIELD.variance),
      bytes: read(FIELD.bytes),
    };
  }

  /** The slot of the key, which may be new; -1 if the key gets none. */
  #slotOf(sample: KeySample, counted: number): number {
    const known = this.#find(sample);
    if (known >= 0) return known;
    const lightest = this.#lightest();
    const cell = sample.hash & (this.#cells.length - 1);
    const before = this.#cells[cell]!;
    if (before + counted < this.#bounds[lightest]!) {
      this.#cells[cell] = before + counted;
      return -1;
    }
    this.#replace(lightest, sample, before);
    return lightest;
  }

  #find({ hash, key, start, end }: KeySample): number {
    const word = hash | 0;
    let slot = this.#hashes.indexOf(word);
    while (slot >= 0 && !this.#holds(slot, key, start, end))
      slot = this.#hashes.indexOf(word, slot + 1);
    return slot;
  }

  #holds(slot: number, key: Buffer, start: number, end: number): boolean {
    if (this.#bounds[slot] === 0 || this.#lengths[slot] !== end - start) return false;
    const keyAt = slot * KEY_BYTES;
    for (let at = start; at < end; at++) {
      if (this.#keys[keyAt + at - start] !== key[at]) return false;
    }
    return true;
  }

  #lightest(): number {
    const bounds = this.#bounds;
    let lightest = 0;
    for (let slot = 1; slot < bounds.length; slot++) {
      if (bounds[slot]! < bounds[lightest]!) lightest = slot;
    }
    return lightest;
  }

  #replace(slot: number, { hash, key, start, end }: KeySample, missed: number): void {
    const old = this.#hashes[slot]! & (this.#cells.length - 1);
    if (this.#bounds[slot]! > 0) this.#cells[old] = this.#bounds[slot]!;
    this.#bounds[slot] = missed;
    this.#fields.fill(0, slot * FIELDS, (slot + 1) * FIELDS);
    this.#fields[slot * FIELDS + FIELD.missed] = missed;
    this.#hashes[slot] = hash;
    this.#lengths[slot] = end - start;
    key.copy(this.#keys, slot * KEY_BYTES, start, end);
  }
}
