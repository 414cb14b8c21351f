import { assert } from '../base/index.ts';

/** The verb of a request, the same in every dialect. */
export const VERB = {
  /** The request is invalid; `errorReply` is the reply to it. */
  invalid: 0,
  get: 1,
  /** Get and touch: `exptime` is the new exptime. */
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
  /** Tuning and dumps; `words` starts with the name of the command. */
  admin: 32,
  watch: 33,
} as const;
export type Verb = (typeof VERB)[keyof typeof VERB];

/** Whether the request stores a value, which follows it. */
export function isStorage(verb: Verb): boolean {
  return verb >= VERB.set && verb <= VERB.cas;
}

/** Whether the request belongs to a login by SASL. */
export function isSasl(verb: Verb): boolean {
  return verb >= VERB.saslMechanisms && verb <= VERB.saslStep;
}

const STORAGE_VERBS: readonly Verb[] = [
  ...[VERB.set, VERB.add, VERB.replace],
  ...[VERB.append, VERB.prepend, VERB.cas],
];
const SASL_VERBS: readonly Verb[] = [VERB.saslMechanisms, VERB.saslStart, VERB.saslStep];
for (const verb of Object.values(VERB)) {
  assert(isStorage(verb) === STORAGE_VERBS.includes(verb), `verb ${verb}: isStorage is wrong`);
  assert(isSasl(verb) === SASL_VERBS.includes(verb), `verb ${verb}: isSasl is wrong`);
}

/** The dialect of a request, and of the reply to it. */
export const DIALECT = { classic: 0, meta: 1, binary: 2 } as const;
type Dialect = (typeof DIALECT)[keyof typeof DIALECT];

const KEY_CAPACITY_INITIAL = 64;
/** More flags than any meta command may have. */
const META_FLAGS_MAX = 24;

/**
 * One request, as offsets into the input. A decoder refills the same object for each request, so
 * decoding allocates nothing. Fields that the verb does not use hold values of earlier requests.
 */
export class Request {
  verb: Verb = VERB.invalid;
  dialect: Dialect = DIALECT.classic;
  /** The input that the offsets below refer to; valid until the next read. */
  input: Buffer = Buffer.alloc(0);
  /** The buffer that holds the keys: `input`, unless the decoder decoded the key from base64. */
  keySource: Buffer = this.input;
  /**
   * Key `i` is `keySource[keyStart(i), keyEnd(i))`, for `firstKey` <= i < `endKey`. Numbers below
   * `firstKey` are other words of the line.
   */
  firstKey = 0;
  endKey = 0;
  /** 32 bits that the client stores with the value; the node does not interpret them. */
  clientFlags = 0;
  /** As received: seconds from now, or a Unix time above 30 days; negative expires at once. */
  exptime = 0;
  /** The level of `verbosity`. */
  level = 0;
  /** `ma`: whether the request decrements the counter. */
  decrements = false;
  /** The length of the value that follows a storage request. */
  valueBytes = 0;
  /** The CAS id to compare with, 64 bits in two words. */
  casHigh = 0;
  casLow = 0;
  /** Meta `C`: whether the request has a CAS id to compare with, even if it is 0. */
  hasCas = false;
  /** The amount of an increment or decrement, 64 bits in two words. */
  deltaHigh = 0;
  deltaLow = 0;
  /** Binary: whether hits and misses show the key. */
  withKey = false;
  /** Whether hits show their CAS id. */
  withCas = false;
  /** Whether the request is quiet: it suppresses expected replies. */
  noreply = false;
  /** The complete error line that is the reply to an invalid request. */
  errorReply: Uint8Array = new Uint8Array();
  /** The number of bytes after an invalid request that belong to it; the session skips them. */
  skipBytes = 0;
  /** Binary: the opcode, the opaque and, for an invalid request, the status of the reply. */
  opcode = 0;
  opaque = 0;
  errorStatus = 0;
  /** The data of a SASL or config request: `input[bodyStart, bodyEnd)`. */
  bodyStart = 0;
  bodyEnd = 0;
  /** Whether the session closes the connection after the error reply. */
  closeAfterReply = false;
  /** The words of a rare command, such as `items` in `stats items`. */
  words: readonly string[] = [];

  /** Whether the request has the key in base64; then the reply has it in base64, too. */
  keyBinary = false;
  /** `E`: the CAS id, not 0, that the client chose for the changed item, 64 bits in two words. */
  hasOwnCas = false;
  ownCasHigh = 0;
  ownCasLow = 0;
  /** Whether a miss creates the item (`N`; incr and decr in binary), and its exptime. */
  vivify = false;
  vivifyExptime = 0;
  /** `T`: whether the request has an `exptime`. */
  hasExptime = false;
  /** `R`: a hit on an item with a lower remaining ttl grants the lease. */
  recacheExptime = 0;
  /** `I`: mark the item stale (md), or store also with an older CAS id, then as stale (ms). */
  invalidate = false;
  /** Whether a hit cannot win the lease, because the client may not write. */
  deniesLease = false;
  /** `x`: remove the value but not the item. */
  dropValue = false;
  /** Whether a hit shows the value (`v`; always in the classic protocol). */
  wantsValue = false;
  /** `u`: do not update the LRU position of the item. */
  skipLruUpdate = false;
  /** `J`: the initial value of a counter that the request creates, 64 bits in two words. */
  initialHigh = 0;
  initialLow = 0;

  /** The flags of a meta command in order: the letter, and the bounds of its token in `input`. */
  flagCount = 0;
  readonly #flagLetters = new Uint8Array(META_FLAGS_MAX);
  readonly #flagBounds = new Int32Array(2 * META_FLAGS_MAX);

  flagLetter(flag: number): number {
    return this.#flagLetters[flag]!;
  }
  /** Where the token starts, with its letter. */
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

  #bounds = new Int32Array(2 * KEY_CAPACITY_INITIAL);

  keyStart(key: number): number {
    return this.#bounds[2 * key]!;
  }

  keyEnd(key: number): number {
    return this.#bounds[2 * key + 1]!;
  }

  addKey(start: number, end: number): void {
    if (2 * this.endKey === this.#bounds.length) this.#growBounds();
    this.#bounds[2 * this.endKey] = start;
    this.#bounds[2 * this.endKey + 1] = end;
    this.endKey++;
  }

  /** The memory that the bounds of the keys occupy. */
  get keyBytes(): number {
    return this.#bounds.byteLength;
  }

  /** The number of keys that the request has memory for. */
  get keyCapacity(): number {
    return this.#bounds.length / 2;
  }

  /** Makes a get refer to its words in another input, where they are `by` bytes further on. */
  moveKeys(input: Buffer, by: number): void {
    this.input = input;
    this.keySource = input;
    if (by === 0) return;
    for (let i = 0; i < 2 * this.endKey; i++) this.#bounds[i]! += by;
  }

  /** Frees the memory of the keys of a request that nothing uses any more. */
  free(): void {
    this.#bounds.buffer.transfer(0);
  }

  /** The transfer frees the smaller memory at once: the keys of a long line need megabytes. */
  #growBounds(): void {
    const { buffer, byteLength } = this.#bounds;
    this.#bounds = new Int32Array(buffer.transfer(2 * byteLength));
  }
}
