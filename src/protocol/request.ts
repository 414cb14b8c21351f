/** What a request asks for, whatever the dialect it came in. */
export const VERB = {
  /** The line is not a request; `refusal` answers it. */
  refused: 0,
  get: 1,
  /** get and touch: `exptime` is the new one. */
  getAndTouch: 2,
  set: 3,
  add: 4,
  replace: 5,
  append: 6,
  prepend: 7,
  cas: 8,
  delete: 9,
  increment: 10,
  decrement: 11,
  touch: 12,
  flush: 13,
  verbosity: 14,
  version: 15,
  stats: 16,
  quit: 17,
} as const;
export type Verb = (typeof VERB)[keyof typeof VERB];

const KEYS_START = 64;

/**
 * One request, as offsets into the bytes it came in: a decoder fills the same object again and
 * again, so that decoding allocates nothing. Fields that a verb has no use for are stale.
 */
export class Request {
  verb: Verb = VERB.refused;
  /** The bytes that the offsets below point into; valid until the next read. */
  input: Buffer = Buffer.alloc(0);
  /** Keys `firstKey` … `keys - 1` are `input[keyStart(i), keyEnd(i))`; before them, other words. */
  firstKey = 0;
  keys = 0;
  /** 32 bits, opaque. */
  clientFlags = 0;
  /** As sent: seconds from now, or a Unix time when above 30 days; negative is at once. */
  exptime = 0;
  /** The level that `verbosity` asks for. */
  level = 0;
  /** Bytes of the value that follows the line of a storage request. */
  valueBytes = 0;
  /** The CAS id to compare with, in two words. */
  casHigh = 0;
  casLow = 0;
  /** The amount of an increment or decrement, in two words. */
  deltaHigh = 0;
  deltaLow = 0;
  /** Whether hits show their CAS id. */
  withCas = false;
  /** Whether the client waits for no reply. */
  noreply = false;
  /** The whole line that answers a refused request. */
  refusal: Uint8Array = new Uint8Array();
  /** Bytes after a refused line that belong to it and are to be skipped. */
  swallowBytes = 0;
  /** The words after a rare command, such as `stats items`. */
  words: readonly string[] = [];

  #bounds = new Int32Array(2 * KEYS_START);

  keyStart(key: number): number {
    return this.#bounds[2 * key]!;
  }

  keyEnd(key: number): number {
    return this.#bounds[2 * key + 1]!;
  }

  addKey(start: number, end: number): void {
    if (2 * this.keys === this.#bounds.length) this.#growBounds();
    this.#bounds[2 * this.keys] = start;
    this.#bounds[2 * this.keys + 1] = end;
    this.keys++;
  }

  #growBounds(): void {
    const larger = new Int32Array(2 * this.#bounds.length);
    larger.set(this.#bounds);
    this.#bounds = larger;
  }
}
