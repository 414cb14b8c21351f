/**
 * Decodes requests of the meta protocol (memcached doc/protocol.txt, "Meta Commands"; flags up to
 * 1.6.45), with the error replies of memcached 1.6.18 to invalid ones.
 */
import { DATA_BYTES_MAX, KEY_BYTES_MAX } from '../limits.ts';
import { DIALECT, type Request, VERB, type Verb } from '../request.ts';
import { decodeBase64 } from './base64.ts';
import { CLASSIC_LINES } from './classic-replies.ts';
import { LineWords } from './line-words.ts';
import { readI32, readU32, readU64, u64 } from './numbers.ts';

/** The most words of a meta command (memcached, MFLAG_MAX_OPT_LENGTH without its end token). */
const COMMAND_WORDS_MAX = 19;
/** The longest opaque, with its `O` (memcached, MFLAG_MAX_OPAQUE_LENGTH). */
const OPAQUE_TOKEN_BYTES_MAX = 32;
const LETTERS_MAX = 127;
const LETTERS_START = 0x40;
const LOWER_LETTERS = 0x60;

/** Character codes: V8 compiles a switch over small integers to a jump table. */
const PLUS = 0x2b;
const MINUS = 0x2d;
const UPPER_A = 0x41;
const UPPER_C = 0x43;
const UPPER_D = 0x44;
const UPPER_E = 0x45;
const UPPER_F = 0x46;
const UPPER_I = 0x49;
const UPPER_J = 0x4a;
const UPPER_M = 0x4d;
const UPPER_N = 0x4e;
const UPPER_O = 0x4f;
const UPPER_P = 0x50;
const UPPER_R = 0x52;
const UPPER_S = 0x53;
const UPPER_T = 0x54;
const LOWER_A = 0x61;
const LOWER_B = 0x62;
const LOWER_D = 0x64;
const LOWER_E = 0x65;
const LOWER_G = 0x67;
const LOWER_N = 0x6e;
const LOWER_Q = 0x71;
const LOWER_S = 0x73;
const LOWER_U = 0x75;
const LOWER_V = 0x76;
const LOWER_X = 0x78;
const line = (text: string): Uint8Array => Buffer.from(`${text}\r\n`, 'latin1');

const ERRORS = {
  flagsAreTooLong: line('CLIENT_ERROR options flags are too long'),
  flagsTooLong: line('CLIENT_ERROR options flags too long'),
  duplicate: line('CLIENT_ERROR duplicate flag'),
  invalid: line('CLIENT_ERROR invalid flag'),
  invalidOrDuplicate: line('CLIENT_ERROR invalid or duplicate flag'),
  badToken: line('CLIENT_ERROR bad token in command line format'),
  badKey: line('CLIENT_ERROR error decoding key'),
  badModeLength: line('CLIENT_ERROR incorrect length for M token'),
  badInitial: line('CLIENT_ERROR invalid numeric initial value'),
  badDelta: line('CLIENT_ERROR invalid numeric delta value'),
  badSetMode: line('CLIENT_ERROR invalid mode for ms M token'),
  badArithmeticMode: line('CLIENT_ERROR invalid mode for ma M token'),
  opaqueTooLong: line('CLIENT_ERROR opaque token too long'),
};

/** The modes of `ms` (flag M). */
const SET_MODES: Readonly<Record<number, Verb>> = {
  [UPPER_E]: VERB.add,
  [UPPER_A]: VERB.append,
  [UPPER_P]: VERB.prepend,
  [UPPER_R]: VERB.replace,
  [UPPER_S]: VERB.set,
};
const NO_MODE = 0;

/** Return flags: they only say what the reply shows, so the decoder does not interpret them. */
const IS_RETURN_FLAG = new Uint8Array(LETTERS_MAX + 1);
for (const character of Buffer.from('OPLkstcflh')) IS_RETURN_FLAG[character] = 1;

const FLAG_OK = 0;
const FLAG_INVALID = 1;
const FLAG_UNKNOWN = 2;
type FlagResult = typeof FLAG_OK | typeof FLAG_INVALID | typeof FLAG_UNKNOWN;

/** Decodes one line whose first word is `m` and another letter. */
export class MetaDecoder {
  /** The words of the line in `decode`. */
  readonly #words = new LineWords();
  /** The key that was decoded from base64; valid until the next one. */
  readonly #key = Buffer.alloc(KEY_BYTES_MAX);
  #mode = NO_MODE;
  #opaqueTooLong = false;
  #error: Uint8Array | undefined;

  /**
   * Decodes the line at `input[first]`. Returns the offset of its newline, or -1 while the line is
   * incomplete.
   */
  decode(input: Buffer, first: number, end: number, request: Request): number {
    const newline = this.#words.split(input, first, first, end);
    if (newline < 0) return -1;
    this.#decodeCommand(input, request, input[first + 1]!);
    return newline;
  }

  #decodeCommand(input: Buffer, request: Request, command: number): void {
    reset(request);
    this.#error = undefined;
    this.#mode = NO_MODE;
    this.#opaqueTooLong = false;
    switch (command) {
      case LOWER_G:
        request.verb = VERB.metaGet;
        this.#decodeFlagged(input, request, ERRORS.flagsAreTooLong);
        break;
      case LOWER_S:
        this.#decodeSet(input, request);
        break;
      case LOWER_D:
        request.verb = VERB.metaDelete;
        this.#decodeFlagged(input, request, ERRORS.flagsTooLong);
        if (this.#error !== undefined) request.errorReply = ERRORS.invalidOrDuplicate;
        break;
      case LOWER_A:
        this.#decodeArithmetic(input, request);
        break;
      case LOWER_E:
        this.#decodeDebug(input, request);
        break;
      case LOWER_N:
        request.verb = VERB.metaNoop;
        break;
      default:
        reject(request, CLASSIC_LINES.unknownCommand);
        return;
    }
    // No command may contain a NUL; `#decodeSet` has already checked it, with the bytes to skip.
    if (!this.#words.isFreeOfNul && request.verb !== VERB.invalid)
      reject(request, CLASSIC_LINES.badFormat);
  }

  /** Decodes a key and flags; `tooManyError` is the error reply to too many flags. */
  #decodeFlagged(input: Buffer, request: Request, tooManyError: Uint8Array): boolean {
    if (this.#words.count < 2) reject(request, CLASSIC_LINES.unknownCommand);
    else if (!this.#takeKey(input, request)) reject(request, CLASSIC_LINES.badFormat);
    else if (this.#words.count > COMMAND_WORDS_MAX) reject(request, tooManyError);
    else if (!this.#readFlags(input, request, 2)) reject(request, this.#error!);
    else if (this.#opaqueTooLong) reject(request, ERRORS.opaqueTooLong);
    else return true;
    return false;
  }

  #decodeSet(input: Buffer, request: Request): void {
    const words = this.#words;
    const length = words.count > 2 ? readI32(input, words.start(2), words.end(2)) : -1;
    const isLengthValid = length >= 0 && length <= DATA_BYTES_MAX;
    if (isLengthValid) request.skipBytes = length + 2;
    if (words.count < 2) {
      reject(request, CLASSIC_LINES.unknownCommand);
    } else if (!this.#takeKey(input, request) || words.count < 3) {
      reject(request, CLASSIC_LINES.badFormat);
    } else if (words.count > COMMAND_WORDS_MAX) {
      reject(request, ERRORS.flagsTooLong);
    } else if (!isLengthValid || !words.isFreeOfNul) {
      reject(request, CLASSIC_LINES.badFormat);
    } else if (!this.#readFlags(input, request, 3)) {
      reject(request, this.#error!);
    } else {
      this.#finishSet(request, length);
    }
  }

  #finishSet(request: Request, length: number): void {
    const mode = this.#mode === NO_MODE ? VERB.set : SET_MODES[this.#mode];
    if (mode === undefined) {
      reject(request, ERRORS.badSetMode);
    } else if (this.#opaqueTooLong) {
      reject(request, ERRORS.opaqueTooLong);
    } else {
      const compares = request.hasCas && (mode === VERB.set || mode === VERB.replace);
      request.verb = compares ? VERB.cas : mode;
      request.valueBytes = length;
      request.skipBytes = 0;
      const concatenates = mode === VERB.append || mode === VERB.prepend;
      if (request.vivify && concatenates) request.exptime = request.vivifyExptime;
      else request.vivify = false;
    }
  }

  #decodeArithmetic(input: Buffer, request: Request): void {
    request.verb = VERB.metaArithmetic;
    if (!this.#decodeFlagged(input, request, ERRORS.flagsTooLong)) {
      if (this.#error !== undefined) request.errorReply = ERRORS.invalidOrDuplicate;
      else if (this.#opaqueTooLong && !this.#readArithmeticMode(request)) {
        request.errorReply = ERRORS.badArithmeticMode;
      }
    } else if (!this.#readArithmeticMode(request)) {
      reject(request, ERRORS.badArithmeticMode);
    }
  }

  /** Sets `request.decrements`; returns false if the mode is invalid. */
  #readArithmeticMode(request: Request): boolean {
    switch (this.#mode) {
      case NO_MODE:
      case UPPER_I:
      case PLUS:
        request.decrements = false;
        return true;
      case UPPER_D:
      case MINUS:
        request.decrements = true;
        return true;
      default:
        return false;
    }
  }

  #decodeDebug(input: Buffer, request: Request): void {
    const words = this.#words;
    request.verb = VERB.metaDebug;
    const hasKey = words.count >= 2 && this.#takeKey(input, request);
    const isBinary =
      words.count > 2 && words.end(2) - words.start(2) === 1 && input[words.start(2)] === LOWER_B;
    if (!hasKey || (isBinary && !this.#decodeKey(input, request))) {
      reject(request, CLASSIC_LINES.badFormat);
    }
  }

  /** Makes the second word the key; returns false if it is too long. */
  #takeKey(input: Buffer, request: Request): boolean {
    const start = this.#words.start(1);
    const end = this.#words.end(1);
    request.keySource = input;
    request.firstKey = 0;
    request.endKey = 0;
    request.addKey(start, end);
    return end - start <= KEY_BYTES_MAX;
  }

  #decodeKey(input: Buffer, request: Request): boolean {
    const length = decodeBase64(input, request.keyStart(0), request.keyEnd(0), this.#key);
    request.keySource = this.#key;
    request.endKey = 0;
    request.addKey(0, length);
    request.keyBinary = true;
    return length > 0;
  }

  /** Reads the flags from word `from` on; returns false, with `#error` set, if one is invalid. */
  #readFlags(input: Buffer, request: Request, from: number): boolean {
    const words = this.#words;
    // One bit for each letter read so far, for the letters from 0x40 on and from 0x60 on.
    let upper = 0;
    let lower = 0;
    let isValid = true;
    for (let word = from; word < words.count; word++) {
      const start = words.start(word);
      const end = words.end(word);
      const flag = input[start]!;
      if (flag < LETTERS_START) {
        this.#error = ERRORS.invalid;
        return false;
      }
      const bit = 1 << (flag & 31);
      const isLower = flag >= LOWER_LETTERS;
      if (flag >= LETTERS_MAX || ((isLower ? lower : upper) & bit) !== 0) {
        this.#error = ERRORS.duplicate;
        return false;
      }
      if (isLower) lower |= bit;
      else upper |= bit;
      request.addFlag(flag, start, end);
      if (IS_RETURN_FLAG[flag] === 1) {
        if (flag === UPPER_O && end - start > OPAQUE_TOKEN_BYTES_MAX) this.#opaqueTooLong = true;
        continue;
      }
      const result = this.#readFlag(input, request, flag, start + 1, end);
      if (result === FLAG_UNKNOWN) {
        this.#error = ERRORS.invalid;
        return false;
      }
      if (result === FLAG_INVALID) isValid = false;
    }
    if (!isValid) this.#error ??= CLASSIC_LINES.badFormat;
    return isValid;
  }

  /** Reads a flag that changes what the command does; its argument is `input[at, end)`. */
  #readFlag(input: Buffer, request: Request, flag: number, at: number, end: number): FlagResult {
    switch (flag) {
      case LOWER_B:
        return this.#decodeKey(input, request) ? FLAG_OK : this.#fail(ERRORS.badKey);
      case LOWER_V:
        request.wantsValue = true;
        return FLAG_OK;
      case LOWER_Q:
        request.noreply = true;
        return FLAG_OK;
      case LOWER_U:
        request.skipLruUpdate = true;
        return FLAG_OK;
      case UPPER_I:
        request.invalidate = true;
        return FLAG_OK;
      case LOWER_X:
        request.dropValue = true;
        return FLAG_OK;
      case UPPER_M:
        if (end - at !== 1) return this.#fail(ERRORS.badModeLength);
        this.#mode = input[at]!;
        return FLAG_OK;
      case UPPER_F:
        request.clientFlags = readU32(input, at, end);
        // memcached has no error of its own here: the error of an earlier flag stays.
        return Number.isNaN(request.clientFlags) ? FLAG_INVALID : FLAG_OK;
      case UPPER_N:
      case UPPER_T:
      case UPPER_R:
        return this.#readTime(input, request, flag, at, end);
      case UPPER_C:
      case UPPER_E:
        return this.#readCas(input, request, flag, at, end);
      case UPPER_D:
      case UPPER_J:
        return this.#readAmount(input, request, flag, at, end);
      default:
        return FLAG_UNKNOWN;
    }
  }

  #readTime(input: Buffer, request: Request, flag: number, at: number, end: number): FlagResult {
    const exptime = readI32(input, at, end);
    if (Number.isNaN(exptime)) return this.#fail(ERRORS.badToken);
    if (flag === UPPER_T) {
      request.exptime = exptime;
      request.hasExptime = true;
    } else if (flag === UPPER_N) {
      request.vivifyExptime = exptime;
      request.vivify = true;
    } else {
      request.recacheExptime = exptime;
    }
    return FLAG_OK;
  }

  #readCas(input: Buffer, request: Request, flag: number, at: number, end: number): FlagResult {
    if (!readU64(input, at, end)) return this.#fail(ERRORS.badToken);
    if (flag === UPPER_C) {
      request.casHigh = u64.high;
      request.casLow = u64.low;
      request.hasCas = true;
    } else {
      request.ownCasHigh = u64.high;
      request.ownCasLow = u64.low;
      request.hasOwnCas = true;
    }
    return FLAG_OK;
  }

  #readAmount(input: Buffer, request: Request, flag: number, at: number, end: number): FlagResult {
    const isDelta = flag === UPPER_D;
    if (!readU64(input, at, end)) {
      return this.#fail(isDelta ? ERRORS.badDelta : ERRORS.badInitial);
    }
    if (isDelta) {
      request.deltaHigh = u64.high;
      request.deltaLow = u64.low;
    } else {
      request.initialHigh = u64.high;
      request.initialLow = u64.low;
    }
    return FLAG_OK;
  }

  /** Sets the error; the last invalid flag with an error of its own determines the reply. */
  #fail(error: Uint8Array): FlagResult {
    this.#error = error;
    return FLAG_INVALID;
  }
}

/** Sets the fields that flags change to their defaults. */
function reset(request: Request): void {
  request.dialect = DIALECT.meta;
  request.flagCount = 0;
  request.clientFlags = 0;
  request.exptime = 0;
  request.hasExptime = false;
  request.vivify = false;
  request.recacheExptime = 0;
  request.casHigh = 0;
  request.casLow = 0;
  request.hasCas = false;
  request.hasOwnCas = false;
  request.deltaHigh = 0;
  request.deltaLow = 1;
  request.initialHigh = 0;
  request.initialLow = 0;
  request.keyBinary = false;
  request.wantsValue = false;
  request.skipLruUpdate = false;
  request.invalidate = false;
  request.dropValue = false;
}

/** Makes the request invalid. `q` does not suppress errors. */
function reject(request: Request, errorReply: Uint8Array): void {
  request.verb = VERB.invalid;
  request.noreply = false;
  request.errorReply = errorReply;
}
