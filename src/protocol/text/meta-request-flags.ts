import { KEY_BYTES_MAX } from '../limits.ts';
import type { Request } from '../request.ts';
import { decodeBase64 } from './base64.ts';
import { CLASSIC_LINES } from './classic-lines.ts';
import type { LineWords } from './line-words.ts';
import { META_ERRORS } from './meta-errors.ts';
import { readI32, readU32, readU64, u64 } from './numbers.ts';

/** The longest opaque, with its `O` (memcached, MFLAG_MAX_OPAQUE_LENGTH). */
export const OPAQUE_TOKEN_BYTES_MAX = 32;
const LETTERS_MAX = 127;
const LETTERS_START = 0x40;
const LOWER_LETTERS = 0x60;
/** The mode of a request without a flag M. */
export const NO_MODE = 0;

/** Character codes: V8 compiles a switch over small integers to a jump table. */
const UPPER_C = 0x43;
const UPPER_D = 0x44;
const UPPER_E = 0x45;
const UPPER_F = 0x46;
const UPPER_I = 0x49;
const UPPER_J = 0x4a;
const UPPER_M = 0x4d;
const UPPER_N = 0x4e;
const UPPER_O = 0x4f;
const UPPER_R = 0x52;
const UPPER_T = 0x54;
const LOWER_B = 0x62;
const LOWER_Q = 0x71;
const LOWER_U = 0x75;
const LOWER_V = 0x76;
const LOWER_X = 0x78;

/** Return flags: they only say what the reply shows, so the decoder does not interpret them. */
const IS_RETURN_FLAG = new Uint8Array(LETTERS_MAX + 1);
for (const character of Buffer.from('OPLkstcflh')) IS_RETURN_FLAG[character] = 1;

const FLAG_OK = 0;
const FLAG_INVALID = 1;
const FLAG_UNKNOWN = 2;
type FlagResult = typeof FLAG_OK | typeof FLAG_INVALID | typeof FLAG_UNKNOWN;

/** Reads the flags of meta requests. One object serves all requests of a decoder. */
export class MetaRequestFlags {
  /** The mode of the flags that were read last (flag M), or NO_MODE. */
  mode = NO_MODE;
  isOpaqueTooLong = false;
  /** The error reply, if a flag is invalid. */
  error: Uint8Array | undefined;
  /** The key that was decoded from base64; valid until the next one. */
  readonly #key = Buffer.alloc(KEY_BYTES_MAX);

  /** Forgets the flags of the request before. */
  reset(): void {
    this.mode = NO_MODE;
    this.isOpaqueTooLong = false;
    this.error = undefined;
  }

  /** Decodes the key of the request from base64; returns false if it is none. */
  decodeKey(input: Buffer, request: Request): boolean {
    const length = decodeBase64(input, request.keyStart(0), request.keyEnd(0), this.#key);
    request.keySource = this.#key;
    request.endKey = 0;
    request.addKey(0, length);
    request.keyBinary = true;
    return length > 0;
  }

  /** Reads the flags from word `from` on; returns false, with `error` set, if one is invalid. */
  read(words: LineWords, input: Buffer, request: Request, from: number): boolean {
    // One bit for each letter read so far, for the letters from 0x40 on and from 0x60 on.
    let upper = 0;
    let lower = 0;
    let isValid = true;
    for (let word = from; word < words.count; word++) {
      const start = words.start(word);
      const end = words.end(word);
      const flag = input[start]!;
      if (flag < LETTERS_START) {
        this.error = META_ERRORS.invalid;
        return false;
      }
      const bit = 1 << (flag & 31);
      const isLower = flag >= LOWER_LETTERS;
      if (flag >= LETTERS_MAX || ((isLower ? lower : upper) & bit) !== 0) {
        this.error = META_ERRORS.duplicate;
        return false;
      }
      if (isLower) lower |= bit;
      else upper |= bit;
      request.addFlag(flag, start, end);
      if (IS_RETURN_FLAG[flag] === 1) {
        if (flag === UPPER_O && end - start > OPAQUE_TOKEN_BYTES_MAX) this.isOpaqueTooLong = true;
        continue;
      }
      const result = this.#readFlag(input, request, flag, start + 1, end);
      if (result === FLAG_UNKNOWN) {
        this.error = META_ERRORS.invalid;
        return false;
      }
      if (result === FLAG_INVALID) isValid = false;
    }
    if (!isValid) this.error ??= CLASSIC_LINES.badFormat;
    return isValid;
  }

  /** Reads a flag that changes what the command does; its argument is `input[at, end)`. */
  #readFlag(input: Buffer, request: Request, flag: number, at: number, end: number): FlagResult {
    switch (flag) {
      case LOWER_B:
        return this.decodeKey(input, request) ? FLAG_OK : this.#fail(META_ERRORS.badKey);
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
        if (end - at !== 1) return this.#fail(META_ERRORS.badModeLength);
        this.mode = input[at]!;
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
    if (Number.isNaN(exptime)) return this.#fail(META_ERRORS.badToken);
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
    if (!readU64(input, at, end)) return this.#fail(META_ERRORS.badToken);
    if (flag === UPPER_C) {
      request.casHigh = u64.high;
      request.casLow = u64.low;
      request.hasCas = true;
    } else {
      request.ownCasHigh = u64.high;
      request.ownCasLow = u64.low;
      // As in memcached's ms, 0 is no CAS id: the item gets a new one. An id of 0 in an item would
      // match the compare with 0 that asks for no item in particular.
      request.hasOwnCas = u64.high !== 0 || u64.low !== 0;
    }
    return FLAG_OK;
  }

  #readAmount(input: Buffer, request: Request, flag: number, at: number, end: number): FlagResult {
    const isDelta = flag === UPPER_D;
    if (!readU64(input, at, end)) {
      return this.#fail(isDelta ? META_ERRORS.badDelta : META_ERRORS.badInitial);
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
    this.error = error;
    return FLAG_INVALID;
  }
}
