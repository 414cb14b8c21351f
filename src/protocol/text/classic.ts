/**
 * Decodes requests of the classic text protocol (memcached doc/protocol.txt), with the error
 * replies of memcached 1.6.18 to invalid ones.
 */
import { CLOSE, INCOMPLETE } from '../decoded.ts';
import {
  DATA_BYTES_MAX,
  GET_LINE_BYTES_MAX,
  KEY_BYTES_MAX,
  LEADING_BLANKS_MAX,
  LINE_BYTES_MAX,
} from '../limits.ts';
import { DIALECT, isStorage, type Request, VERB, type Verb } from '../request.ts';
import { decodeConfig } from './classic-config.ts';
import { decodeBget, decodeGet } from './classic-get.ts';
import { CLASSIC_LINES, reject } from './classic-lines.ts';
import { commandOf } from './classic-names.ts';
import { LineWords } from './line-words.ts';
import { MetaDecoder } from './meta.ts';
import { readI32, readU32, readU64, u64 } from './numbers.ts';

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const LETTER_G = 0x67;
const LETTER_M = 0x6d;

const CONFIG = Buffer.from('config');
const DELETE_USAGE = Buffer.from(
  'CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n',
);
const BAD_DELTA = Buffer.from('CLIENT_ERROR invalid numeric delta argument\r\n');

const STORAGE_WORDS = 5;
const CAS_WORDS = 6;
const LENGTH_WORD = 4;

/**
 * Decodes one line of `input[start, end)` into `request`. Returns the length of the line (a data
 * block may follow it), INCOMPLETE or CLOSE.
 */
export class ClassicDecoder {
  /** The words of the line in `decode`. */
  readonly #words = new LineWords();
  readonly #meta = new MetaDecoder();

  decode(input: Buffer, start: number, end: number, request: Request): number {
    let at = start;
    while (at < end && input[at] === BLANK) at++;
    request.input = input;
    request.keySource = input;
    request.dialect = DIALECT.classic;
    request.noreply = false;
    request.skipBytes = 0;
    request.closeAfterReply = false;
    if (at < end && input[at] === LETTER_M) {
      const isMeta = startsMeta(input, at, end);
      if (isMeta === undefined) return waitOrClose(input, start, at, end);
      if (isMeta) return this.#decodeMeta(input, start, at, end, request);
    }
    if (at < end && input[at] === LETTER_G) {
      const newline = decodeGet(input, start, at, end, request);
      return newline < 0 ? waitOrClose(input, start, at, end) : newline + 1 - start;
    }
    const newline = this.#words.split(input, start, at, end);
    if (newline < 0) return waitOrClose(input, start, at, end);
    if (this.#isConfig(input)) {
      return decodeConfig(this.#words, input, start, end, newline, request);
    }
    if (this.#words.count === 0) reject(request, CLASSIC_LINES.unknownCommand);
    else if (!this.#decodeCommand(input, request)) return CLOSE;
    return newline + 1 - start;
  }

  #decodeMeta(input: Buffer, start: number, first: number, end: number, request: Request): number {
    const newline = this.#meta.decode(input, first, end, request);
    return newline < 0 ? waitOrClose(input, start, first, end) : newline + 1 - start;
  }

  /** Returns false if the session must close the connection. */
  #decodeCommand(input: Buffer, request: Request): boolean {
    const verb = commandOf(input, this.#words.start(0), this.#words.end(0));
    if (isStorage(verb)) {
      this.#decodeStorage(input, request, verb);
    } else if (!this.#words.isFreeOfNul) {
      reject(request, CLASSIC_LINES.badFormat);
    } else if (verb === VERB.invalid) {
      reject(request, CLASSIC_LINES.unknownCommand);
      // An HTTP request, as from a web page that attacks the node: memcached closes the connection.
      return !this.#words.text(input, this.#words.count - 1).startsWith('HTTP/');
    } else {
      this.#decodeOther(input, request, verb);
    }
    return true;
  }

  #decodeOther(input: Buffer, request: Request, verb: Verb): void {
    request.verb = verb;
    switch (verb) {
      case VERB.delete:
        this.#decodeDelete(input, request);
        break;
      case VERB.increment:
      case VERB.decrement:
        this.#decodeArithmetic(input, request);
        break;
      case VERB.touch:
        this.#decodeTouch(input, request);
        break;
      case VERB.flush:
        this.#decodeFlush(input, request);
        break;
      case VERB.verbosity:
        this.#decodeVerbosity(input, request);
        break;
      case VERB.stats:
      case VERB.watch:
        request.words = Array.from({ length: this.#words.count - 1 }, (_, i) =>
          this.#words.text(input, i + 1),
        );
        break;
      case VERB.admin:
        request.words = Array.from({ length: this.#words.count }, (_, i) =>
          this.#words.text(input, i),
        );
        // memcached accepts noreply for all of these commands but `lru_crawler`.
        request.noreply = request.words[0] !== 'lru_crawler' && this.#words.isNoreply(input);
        break;
      case VERB.get:
        decodeBget(this.#words, input, request);
    }
  }

  #isConfig(input: Buffer): boolean {
    return this.#words.count > 1 && this.#words.equals(input, 0, CONFIG);
  }

  #decodeStorage(input: Buffer, request: Request, verb: Verb): void {
    const words = this.#words;
    const length = words.count > LENGTH_WORD ? readI32(input, words.start(4), words.end(4)) : -1;
    const isLengthValid = length >= 0 && length <= DATA_BYTES_MAX;
    if (isLengthValid) request.skipBytes = length + 2;
    const expectedWords = verb === VERB.cas ? CAS_WORDS : STORAGE_WORDS;
    if (words.count !== expectedWords && words.count !== expectedWords + 1) {
      reject(request, CLASSIC_LINES.unknownCommand);
      return;
    }
    request.noreply = this.#words.isNoreply(input);
    const clientFlags = readU32(input, words.start(2), words.end(2));
    const exptime = readI32(input, words.start(3), words.end(3));
    const isValid =
      words.isFreeOfNul && isLengthValid && clientFlags >= 0 && !Number.isNaN(exptime);
    const isCasValid = this.#readCas(input, request, verb);
    if (!isValid || !isCasValid || !this.#takeKey(request)) {
      reject(request, CLASSIC_LINES.badFormat);
      return;
    }
    request.verb = verb;
    request.clientFlags = clientFlags;
    request.exptime = exptime;
    request.valueBytes = length;
    request.skipBytes = 0;
    request.keyBinary = false;
    request.hasOwnCas = false;
    request.vivify = false;
    request.invalidate = false;
  }

  #readCas(input: Buffer, request: Request, verb: Verb): boolean {
    request.casHigh = 0;
    request.casLow = 0;
    if (verb !== VERB.cas) return true;
    if (!readU64(input, this.#words.start(5), this.#words.end(5))) return false;
    request.casHigh = u64.high;
    request.casLow = u64.low;
    return true;
  }

  #decodeDelete(input: Buffer, request: Request): void {
    request.casHigh = 0;
    request.casLow = 0;
    if (this.#words.count < 2 || this.#words.count > 4) {
      reject(request, CLASSIC_LINES.unknownCommand);
      return;
    }
    if (this.#words.count > 2) {
      const hasZero = this.#words.text(input, 2) === '0';
      const noreply = this.#words.isNoreply(input);
      request.noreply = noreply;
      if (!(this.#words.count === 3 ? hasZero || noreply : hasZero && noreply)) {
        reject(request, DELETE_USAGE);
        return;
      }
    }
    if (!this.#takeKey(request)) reject(request, CLASSIC_LINES.badFormat);
  }

  #decodeArithmetic(input: Buffer, request: Request): void {
    if (!this.#checkWordCount(input, request, 3, 4)) return;
    if (!this.#takeKey(request)) {
      reject(request, CLASSIC_LINES.badFormat);
    } else if (!readU64(input, this.#words.start(2), this.#words.end(2))) {
      reject(request, BAD_DELTA);
    } else {
      request.deltaHigh = u64.high;
      request.deltaLow = u64.low;
      request.casHigh = 0;
      request.casLow = 0;
      request.vivify = false;
    }
  }

  #decodeTouch(input: Buffer, request: Request): void {
    if (!this.#checkWordCount(input, request, 3, 4)) return;
    request.exptime = readI32(input, this.#words.start(2), this.#words.end(2));
    if (!this.#takeKey(request)) reject(request, CLASSIC_LINES.badFormat);
    else if (Number.isNaN(request.exptime)) reject(request, CLASSIC_LINES.badExptime);
  }

  #decodeFlush(input: Buffer, request: Request): void {
    if (!this.#checkWordCount(input, request, 1, 3)) return;
    request.exptime = 0;
    if (this.#words.count === (request.noreply ? 2 : 1)) return;
    request.exptime = readI32(input, this.#words.start(1), this.#words.end(1));
    if (Number.isNaN(request.exptime)) reject(request, CLASSIC_LINES.badExptime);
  }

  #decodeVerbosity(input: Buffer, request: Request): void {
    if (!this.#checkWordCount(input, request, 2, 3)) return;
    request.level = readU32(input, this.#words.start(1), this.#words.end(1));
    if (Number.isNaN(request.level)) reject(request, CLASSIC_LINES.badFormat);
  }

  /** Rejects a line with fewer or more words, and reads `noreply` at its end. */
  #checkWordCount(input: Buffer, request: Request, min: number, max: number): boolean {
    if (this.#words.count < min || this.#words.count > max) {
      reject(request, CLASSIC_LINES.unknownCommand);
      return false;
    }
    request.noreply = this.#words.isNoreply(input);
    return true;
  }

  /** Makes the second word the key; returns false if it is too long. */
  #takeKey(request: Request): boolean {
    const start = this.#words.start(1);
    const end = this.#words.end(1);
    request.firstKey = 0;
    request.endKey = 0;
    request.addKey(start, end);
    return end - start <= KEY_BYTES_MAX;
  }
}

/**
 * Whether a line that starts with `m` is a meta command: its first word has two letters. Returns
 * `undefined` while too few bytes have arrived.
 */
function startsMeta(input: Buffer, at: number, end: number): boolean | undefined {
  const after = at + 2;
  if (after >= end) return undefined;
  if (input[after] === BLANK || input[after] === LF) return true;
  if (input[after] !== CR) return false;
  return after + 1 === end ? undefined : input[after + 1] === LF;
}

/** Whether to wait for the rest of a line or to close: only a get may be longer than the limit. */
function waitOrClose(input: Buffer, start: number, first: number, end: number): number {
  const receivedBytes = end - start;
  if (receivedBytes <= LINE_BYTES_MAX) return INCOMPLETE;
  if (first - start > LEADING_BLANKS_MAX || receivedBytes > GET_LINE_BYTES_MAX) return CLOSE;
  const name = input.toString('latin1', first, Math.min(first + 5, end));
  return name.startsWith('get ') || name === 'gets ' ? INCOMPLETE : CLOSE;
}
