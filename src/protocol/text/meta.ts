/**
 * Meta commands, requests: bytes in, one Request out (memcached doc/protocol.txt, "Meta Commands";
 * replies to what is wrong as memcached 1.6.18 gives them, flags up to 1.6.45).
 */
import { DATA_BYTES_MAX, KEY_BYTES_MAX } from '../limits.ts';
import { DIALECT, type Request, VERB, type Verb } from '../request.ts';
import { decodeBase64 } from './base64.ts';
import { CLASSIC_LINES } from './classic-replies.ts';
import { LineWords } from './line-words.ts';
import { readI32, readU32, readU64, u64 } from './numbers.ts';

/** Words a meta command may have (memcached, MFLAG_MAX_OPT_LENGTH less its end token). */
const COMMAND_WORDS_MAX = 19;
/** Bytes of an opaque, its `O` included (memcached, MFLAG_MAX_OPAQUE_LENGTH). */
const OPAQUE_TOKEN_BYTES_MAX = 32;
const LETTERS_MAX = 127;
const LETTERS_START = 0x40;
const LOWER_LETTERS = 0x60;

/** Letters by their code: a switch over these is a jump. */
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
  tooMany: line('CLIENT_ERROR options flags are too long'),
  tooManyToo: line('CLIENT_ERROR options flags too long'),
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

/** `ms` modes (flag M). */
const SET_MODES: Readonly<Record<number, Verb>> = {
  [UPPER_E]: VERB.add,
  [UPPER_A]: VERB.append,
  [UPPER_P]: VERB.prepend,
  [UPPER_R]: VERB.replace,
  [UPPER_S]: VERB.set,
};
const NO_MODE = 0;

/** Flags that mean nothing to the one that decodes: they only say what to return. */
const IS_RETURN_FLAG = new Uint8Array(LETTERS_MAX + 1);
for (const character of Buffer.from('OPLkstcflh')) IS_RETURN_FLAG[character] = 1;

const GOOD = 0;
const WRONG = 1;
const UNKNOWN = 2;
type Flagged = typeof GOOD | typeof WRONG | typeof UNKNOWN;

/** Decodes one meta line whose first word is `m` and another letter. */
export class MetaDecoder {
  /** Of the line at hand. */
  readonly #words = new LineWords();
  /** A key decoded from base64, until the next one. */
  readonly #key = Buffer.alloc(KEY_BYTES_MAX);
  #mode = NO_MODE;
  #opaqueTooLong = false;
  #error: Uint8Array | undefined;

  /**
   * `input[first, …)` starts with the command. Returns where its newline is, or -1 when that is not
   * here yet.
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
        this.#decodeFlagged(input, request, ERRORS.tooMany);
        break;
      case LOWER_S:
        this.#decodeSet(input, request);
        break;
      case LOWER_D:
        request.verb = VERB.metaDelete;
        this.#decodeFlagged(input, request, ERRORS.tooManyToo);
        if (this.#error !== undefined) request.refusal = ERRORS.invalidOrDuplicate;
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
        refuse(request, CLASSIC_LINES.unknownCommand);
        return;
    }
    // A NUL is part of no word; a set has looked for it where it knew what to swallow.
    if (!this.#words.clean && request.verb !== VERB.refused)
      refuse(request, CLASSIC_LINES.badFormat);
  }

  /** A key and flags; `tooMany` is what this command answers to too many of them. */
  #decodeFlagged(input: Buffer, request: Request, tooMany: Uint8Array): boolean {
    if (this.#words.count < 2) refuse(request, CLASSIC_LINES.unknownCommand);
    else if (!this.#takeKey(input, request)) refuse(request, CLASSIC_LINES.badFormat);
    else if (this.#words.count > COMMAND_WORDS_MAX) refuse(request, tooMany);
    else if (!this.#readFlags(input, request, 2)) refuse(request, this.#error!);
    else if (this.#opaqueTooLong) refuse(request, ERRORS.opaqueTooLong);
    else return true;
    return false;
  }

  #decodeSet(input: Buffer, request: Request): void {
    const words = this.#words;
    const length = this.#words.count > 2 ? readI32(input, words.start(2), words.end(2)) : -1;
    const lengthKnown = length >= 0 && length <= DATA_BYTES_MAX;
    if (lengthKnown) request.swallowBytes = length + 2;
    if (this.#words.count < 2) {
      refuse(request, CLASSIC_LINES.unknownCommand);
    } else if (!this.#takeKey(input, request) || this.#words.count < 3) {
      refuse(request, CLASSIC_LINES.badFormat);
    } else if (this.#words.count > COMMAND_WORDS_MAX) {
      refuse(request, ERRORS.tooManyToo);
    } else if (!lengthKnown || !this.#words.clean) {
      refuse(request, CLASSIC_LINES.badFormat);
    } else if (!this.#readFlags(input, request, 3)) {
      refuse(request, this.#error!);
    } else {
      this.#finishSet(request, length);
    }
  }

  #finishSet(request: Request, length: number): void {
    const mode = this.#mode === NO_MODE ? VERB.set : SET_MODES[this.#mode];
    if (mode === undefined) {
      refuse(request, ERRORS.badSetMode);
    } else if (this.#opaqueTooLong) {
      refuse(request, ERRORS.opaqueTooLong);
    } else {
      const compares = request.hasCas && (mode === VERB.set || mode === VERB.replace);
      request.verb = compares ? VERB.cas : mode;
      request.valueBytes = length;
      request.swallowBytes = 0;
      const joins = mode === VERB.append || mode === VERB.prepend;
      if (request.vivify && joins) request.exptime = request.vivifyExptime;
      else request.vivify = false;
    }
  }

  #decodeArithmetic(input: Buffer, request: Request): void {
    request.verb = VERB.metaArithmetic;
    if (!this.#decodeFlagged(input, request, ERRORS.tooManyToo)) {
      if (this.#error !== undefined) request.refusal = ERRORS.invalidOrDuplicate;
      else if (this.#opaqueTooLong && !this.#readArithmeticMode(request)) {
        request.refusal = ERRORS.badArithmeticMode;
      }
    } else if (!this.#readArithmeticMode(request)) {
      refuse(request, ERRORS.badArithmeticMode);
    }
  }

  /** `request.level` is +1 or -1. */
  #readArithmeticMode(request: Request): boolean {
    switch (this.#mode) {
      case NO_MODE:
      case UPPER_I:
      case PLUS:
        request.level = 1;
        return true;
      case UPPER_D:
      case MINUS:
        request.level = -1;
        return true;
      default:
        return false;
    }
  }

  #decodeDebug(input: Buffer, request: Request): void {
    request.verb = VERB.metaDebug;
    const good = this.#words.count >= 2 && this.#takeKey(input, request);
    const words = this.#words;
    const isBinary =
      this.#words.count > 2 &&
      words.end(2) - words.start(2) === 1 &&
      input[words.start(2)] === LOWER_B;
    if (!good || (isBinary && !this.#decodeKey(input, request))) {
      refuse(request, CLASSIC_LINES.badFormat);
    }
  }

  /** Takes the second word as the key, if it is short enough. */
  #takeKey(input: Buffer, request: Request): boolean {
    const start = this.#words.start(1);
    const end = this.#words.end(1);
    request.keySource = input;
    request.firstKey = 0;
    request.keys = 0;
    request.addKey(start, end);
    return end - start <= KEY_BYTES_MAX;
  }

  #decodeKey(input: Buffer, request: Request): boolean {
    const length = decodeBase64(input, request.keyStart(0), request.keyEnd(0), this.#key);
    request.keySource = this.#key;
    request.keys = 0;
    request.addKey(0, length);
    request.keyBinary = true;
    return length > 0;
  }

  /** Reads the flags from the given word on; false with `#error` when one of them is wrong. */
  #readFlags(input: Buffer, request: Request, from: number): boolean {
    const words = this.#words;
    // The letters seen, a bit each, from 0x40 and from 0x60 on.
    let upper = 0;
    let lower = 0;
    let good = true;
    for (let word = from; word < this.#words.count; word++) {
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
      const known = this.#readFlag(input, request, flag, start + 1, end);
      if (known === UNKNOWN) {
        this.#error = ERRORS.invalid;
        return false;
      }
      if (known === WRONG) good = false;
    }
    if (!good) this.#error ??= CLASSIC_LINES.badFormat;
    return good;
  }

  /** One flag that changes what the command does; its token is `input[at, end)`. */
  #readFlag(input: Buffer, request: Request, flag: number, at: number, end: number): Flagged {
    switch (flag) {
      case LOWER_B:
        return this.#decodeKey(input, request) ? GOOD : this.#wrong(ERRORS.badKey);
      case LOWER_V:
        request.wantsValue = true;
        return GOOD;
      case LOWER_Q:
        request.noreply = true;
        return GOOD;
      case LOWER_U:
        request.withoutBump = true;
        return GOOD;
      case UPPER_I:
        request.invalidate = true;
        return GOOD;
      case LOWER_X:
        request.dropValue = true;
        return GOOD;
      case UPPER_M:
        if (end - at !== 1) return this.#wrong(ERRORS.badModeLength);
        this.#mode = input[at]!;
        return GOOD;
      case UPPER_F:
        request.clientFlags = readU32(input, at, end);
        // memcached names no reason of its own here: whatever was wrong before is what it says.
        return Number.isNaN(request.clientFlags) ? WRONG : GOOD;
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
        return UNKNOWN;
    }
  }

  #readTime(input: Buffer, request: Request, flag: number, at: number, end: number): Flagged {
    const exptime = readI32(input, at, end);
    if (Number.isNaN(exptime)) return this.#wrong(ERRORS.badToken);
    if (flag === UPPER_T) {
      request.exptime = exptime;
      request.hasExptime = true;
    } else if (flag === UPPER_N) {
      request.vivifyExptime = exptime;
      request.vivify = true;
    } else {
      request.recacheExptime = exptime;
    }
    return GOOD;
  }

  #readCas(input: Buffer, request: Request, flag: number, at: number, end: number): Flagged {
    if (!readU64(input, at, end)) return this.#wrong(ERRORS.badToken);
    if (flag === UPPER_C) {
      request.casHigh = u64.high;
      request.casLow = u64.low;
      request.hasCas = true;
    } else {
      request.ownCasHigh = u64.high;
      request.ownCasLow = u64.low;
      request.hasOwnCas = true;
    }
    return GOOD;
  }

  #readAmount(input: Buffer, request: Request, flag: number, at: number, end: number): Flagged {
    const isDelta = flag === UPPER_D;
    if (!readU64(input, at, end)) {
      return this.#wrong(isDelta ? ERRORS.badDelta : ERRORS.badInitial);
    }
    if (isDelta) {
      request.deltaHigh = u64.high;
      request.deltaLow = u64.low;
    } else {
      request.initialHigh = u64.high;
      request.initialLow = u64.low;
    }
    return GOOD;
  }

  /** The last flag that says what is wrong with it is the one that is answered. */
  #wrong(error: Uint8Array): Flagged {
    this.#error = error;
    return WRONG;
  }
}

/** What a meta request says when it does not say it. */
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
  request.withoutBump = false;
  request.invalidate = false;
  request.dropValue = false;
}

/** Errors are sent whatever `q` says. */
function refuse(request: Request, refusal: Uint8Array): void {
  request.verb = VERB.refused;
  request.noreply = false;
  request.refusal = refusal;
}
