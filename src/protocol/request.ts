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
  metaGet: 18,
  metaDelete: 19,
  metaArithmetic: 20,
  metaNoop: 21,
  metaDebug: 22,
  noop: 23,
  saslMechanisms: 24,
  saslStart: 25,
  saslStep: 26,
  refreshCertificates: 27,
  configGet: 28,
  configSet: 29,
  configDelete: 30,
  configList: 31,
  /** Tuning and dumps; `words` starts with the command's name. */
  admin: 32,
  watch: 33,
} as const;
export type Verb = (typeof VERB)[keyof typeof VERB];

/** The language a request came in; its reply goes out in the same. */
export const DIALECT = { classic: 0, meta: 1, binary: 2 } as const;
export type Dialect = (typeof DIALECT)[keyof typeof DIALECT];

const KEYS_START = 64;
/** More flags than any meta command is allowed. */
const META_FLAGS_MAX = 24;

/**
 * One request, as offsets into the bytes it came in: a decoder fills the same object again and
 * again, so that decoding allocates nothing. Fields that a verb has no use for are stale.
 */
export class Request {
  verb: Verb = VERB.refused;
  dialect: Dialect = DIALECT.classic;
  /** The bytes that the offsets below point into; valid until the next read. */
  input: Buffer = Buffer.alloc(0);
  /** The bytes that keys are in: `input`, unless the key was decoded from base64. */
  keySource: Buffer = this.input;
  /** Keys `firstKey` … `keys - 1` are `keySource[keyStart(i), keyEnd(i))`; before them, other words. */
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
  /** Whether one was given, were it 0 (meta `C`). */
  hasCas = false;
  /** The amount of an increment or decrement, in two words. */
  deltaHigh = 0;
  deltaLow = 0;
  /** Binary: whether hits and misses show the key. */
  withKey = false;
  /** Whether hits show their CAS id. */
  withCas = false;
  /** Whether the client waits for no reply. */
  noreply = false;
  /** The whole line that answers a refused request. */
  refusal: Uint8Array = new Uint8Array();
  /** Bytes after a refused line that belong to it and are to be skipped. */
  swallowBytes = 0;
  /** Binary: the opcode, the four bytes that the client knows the request by, and a refusal's status. */
  opcode = 0;
  opaque = 0;
  refusalStatus = 0;
  /** Data that is here with the request (SASL, config): `input[start, end)`. */
  bodyStart = 0;
  bodyEnd = 0;
  /** Whether the connection ends once the refusal is sent. */
  thenClose = false;
  /** The words after a rare command, such as `stats items`. */
  words: readonly string[] = [];

  /** Whether the key was given in base64, and is to be shown so. */
  keyBinary = false;
  /** `E`: the CAS id that the client chose for what it changes, in two words. */
  hasOwnCas = false;
  ownCasHigh = 0;
  ownCasLow = 0;
  /** Whether a miss creates the item (`N`; incr and decr in the binary protocol), and its exptime. */
  vivify = false;
  vivifyExptime = 0;
  /** `T`: whether `exptime` was given. */
  hasExptime = false;
  /** `R`: an item that lives no longer than this wants a new value. */
  recacheExptime = 0;
  /** `I`: mark as stale (md), or take an older CAS id as stale (ms). */
  invalidate = false;
  /** `x`: drop the value and keep the item. */
  dropValue = false;
  /** Whether a hit shows the value (`v`; always in the classic protocol). */
  wantsValue = false;
  /** `u`. */
  withoutBump = false;
  /** `J`: the value of a counter that is created, in two words. */
  initialHigh = 0;
  initialLow = 0;

  /** The flags of a meta command in order: the letter, and where in `input` its token is. */
  flagCount = 0;
  readonly #flagLetters = new Uint8Array(META_FLAGS_MAX);
  readonly #flagBounds = new Int32Array(2 * META_FLAGS_MAX);

  flagLetter(flag: number): number {
    return this.#flagLetters[flag]!;
  }
  /** Of the whole token, its letter included. */
  flagStart(flag: number): number {
    return this.#flagBounds[2 * flag]!;
  }
  flagEnd(flag: number): number {
    return this.#flagBounds[2 * flag + 1]!;
  }

  addFlag(letter: number, start: number, end: number): void {
    this.#flagLetters[this.flagCount] = letter;
    this.#flagBounds[2 * this.flagCount] = start;
    this.#flagBounds[2 * this.flagCount + 1] = end;
    this.flagCount++;
  }

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
