/**
 * Decodes requests of the meta protocol (memcached doc/protocol.txt, "Meta Commands"; flags up to
 * 1.6.45), with the error replies of memcached 1.6.18 to invalid ones.
 */
import { DATA_BYTES_MAX, KEY_BYTES_MAX } from '../limits.ts';
import { DIALECT, type Request, VERB, type Verb } from '../request.ts';
import { CLASSIC_LINES } from './classic-lines.ts';
import { LineWords } from './line-words.ts';
import { META_ERRORS } from './meta-errors.ts';
import { MetaRequestFlags, NO_MODE } from './meta-request-flags.ts';
import { readI32 } from './numbers.ts';

/** The most words of a meta command (memcached, MFLAG_MAX_OPT_LENGTH without its end token). */
export const COMMAND_WORDS_MAX = 19;

/** Character codes: V8 compiles a switch over small integers to a jump table. */
const PLUS = 0x2b;
const MINUS = 0x2d;
const UPPER_A = 0x41;
const UPPER_D = 0x44;
const UPPER_E = 0x45;
const UPPER_I = 0x49;
const UPPER_P = 0x50;
const UPPER_R = 0x52;
const UPPER_S = 0x53;
const LOWER_A = 0x61;
const LOWER_B = 0x62;
const LOWER_D = 0x64;
const LOWER_E = 0x65;
const LOWER_G = 0x67;
const LOWER_N = 0x6e;
const LOWER_S = 0x73;
/** The modes of `ms` (flag M). */
const SET_MODES: Readonly<Record<number, Verb>> = {
  [UPPER_E]: VERB.add,
  [UPPER_A]: VERB.append,
  [UPPER_P]: VERB.prepend,
  [UPPER_R]: VERB.replace,
  [UPPER_S]: VERB.set,
};

/** Decodes one line whose first word is `m` and another letter. */
export class MetaDecoder {
  /** The words of the line in `decode`. */
  readonly #words = new LineWords();
  readonly #flags = new MetaRequestFlags();

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
    this.#flags.reset();
    switch (command) {
      case LOWER_G:
        request.verb = VERB.metaGet;
        this.#decodeFlagged(input, request, META_ERRORS.flagsAreTooLong);
        break;
      case LOWER_S:
        this.#decodeSet(input, request);
        break;
      case LOWER_D:
        request.verb = VERB.metaDelete;
        this.#decodeFlagged(input, request, META_ERRORS.flagsTooLong);
        if (this.#flags.error !== undefined) request.errorReply = META_ERRORS.invalidOrDuplicate;
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
    else if (!this.#flags.read(this.#words, input, request, 2)) reject(request, this.#flags.error!);
    else if (this.#flags.isOpaqueTooLong) reject(request, META_ERRORS.opaqueTooLong);
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
      reject(request, META_ERRORS.flagsTooLong);
    } else if (!isLengthValid || !words.isFreeOfNul) {
      reject(request, CLASSIC_LINES.badFormat);
    } else if (!this.#flags.read(this.#words, input, request, 3)) {
      reject(request, this.#flags.error!);
    } else {
      this.#finishSet(request, length);
    }
  }

  #finishSet(request: Request, length: number): void {
    const mode = this.#flags.mode === NO_MODE ? VERB.set : SET_MODES[this.#flags.mode];
    if (mode === undefined) {
      reject(request, META_ERRORS.badSetMode);
    } else if (this.#flags.isOpaqueTooLong) {
      reject(request, META_ERRORS.opaqueTooLong);
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
    if (!this.#decodeFlagged(input, request, META_ERRORS.flagsTooLong)) {
      if (this.#flags.error !== undefined) request.errorReply = META_ERRORS.invalidOrDuplicate;
      else if (this.#flags.isOpaqueTooLong && !this.#readArithmeticMode(request)) {
        request.errorReply = META_ERRORS.badArithmeticMode;
      }
    } else if (!this.#readArithmeticMode(request)) {
      reject(request, META_ERRORS.badArithmeticMode);
    }
  }

  /** Sets `request.decrements`; returns false if the mode is invalid. */
  #readArithmeticMode(request: Request): boolean {
    switch (this.#flags.mode) {
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
    if (!hasKey || (isBinary && !this.#flags.decodeKey(input, request))) {
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
  request.deniesLease = false;
}

/** Makes the request invalid. `q` does not suppress errors. */
function reject(request: Request, errorReply: Uint8Array): void {
  request.verb = VERB.invalid;
  request.noreply = false;
  request.errorReply = errorReply;
}
