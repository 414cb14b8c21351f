/**
 * Decodes requests of the classic text protocol (memcached doc/protocol.txt), with the error
 * replies of memcached 1.6.18 to invalid ones.
 */
import { equalBytes } from '../../base/index.ts';
import {
  CONFIG_BYTES_MAX,
  DATA_BYTES_MAX,
  GET_LINE_BYTES_MAX,
  KEY_BYTES_MAX,
  LEADING_BLANKS_MAX,
  LINE_BYTES_MAX,
} from '../limits.ts';
import { DIALECT, isStorage, type Request, VERB, type Verb } from '../request.ts';
import { CLASSIC_LINES } from './classic-replies.ts';
import { endOfText, LineWords } from './line-words.ts';
import { MetaDecoder } from './meta.ts';
import { readI32, readU32, readU64, u64 } from './numbers.ts';

/** The request is incomplete: call again with more bytes. */
export const INCOMPLETE = 0;
/** No valid request can follow: close the connection without a reply. */
export const CLOSE = -1;

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const [LETTER_A, LETTER_B, LETTER_E, LETTER_S, LETTER_T] = [0x61, 0x62, 0x65, 0x73, 0x74];
const LETTER_G = 0x67;
const LETTER_M = 0x6d;

const NOREPLY = Buffer.from('noreply');
const CONFIG = Buffer.from('config');
const DELETE_USAGE = Buffer.from(
  'CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n',
);
const BAD_DELTA = Buffer.from('CLIENT_ERROR invalid numeric delta argument\r\n');

/** The commands by name, without the gets. */
const COMMANDS: ReadonlyMap<number, { readonly name: Uint8Array; readonly verb: Verb }> = new Map(
  [
    ['set', VERB.set],
    ['add', VERB.add],
    ['replace', VERB.replace],
    ['append', VERB.append],
    ['prepend', VERB.prepend],
    ['cas', VERB.cas],
    ['delete', VERB.delete],
    ['incr', VERB.increment],
    ['decr', VERB.decrement],
    ['touch', VERB.touch],
    ['flush_all', VERB.flush],
    ['verbosity', VERB.verbosity],
    ['version', VERB.version],
    ['stats', VERB.stats],
    ['quit', VERB.quit],
    ['refresh_certs', VERB.refreshCertificates],
    ['watch', VERB.watch],
    ['slabs', VERB.admin],
    ['lru', VERB.admin],
    ['lru_crawler', VERB.admin],
    ['cache_memlimit', VERB.admin],
    ['shutdown', VERB.admin],

    // No longer documented, but memcached still accepts it.
    ['bget', VERB.get],
  ].map(([text, verb]) => {
    const name = Buffer.from(text as string);
    return [nameSignature(name, 0, name.length), { name, verb: verb as Verb }];
  }),
);
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
    if (at < end && input[at] === LETTER_G) return this.#decodeGet(input, start, at, end, request);
    const newline = this.#words.split(input, start, at, end);
    if (newline < 0) return waitOrClose(input, start, at, end);
    if (this.#isConfig(input)) return this.#decodeConfig(input, start, end, newline, request);
    if (this.#words.count === 0) reject(request, CLASSIC_LINES.unknownCommand);
    else if (!this.#decodeCommand(input, request)) return CLOSE;
    return newline + 1 - start;
  }

  #decodeMeta(input: Buffer, start: number, first: number, end: number, request: Request): number {
    const newline = this.#meta.decode(input, first, end, request);
    return newline < 0 ? waitOrClose(input, start, first, end) : newline + 1 - start;
  }

  /** Decodes a line that starts with `g`. It may have many words, so they become keys directly. */
  #decodeGet(input: Buffer, start: number, first: number, end: number, request: Request): number {
    request.endKey = 0;
    let isFreeOfNul = true;
    let longest = 0;
    let wordStart = first;
    let at = first;
    for (; at < end; at++) {
      const byte = input[at]!;
      if (byte > BLANK) continue;
      if (byte === LF) break;
      if (byte === 0) isFreeOfNul = false;
      if (byte !== BLANK) continue;
      if (at > wordStart) {
        request.addKey(wordStart, at);
        if (at - wordStart > longest) longest = at - wordStart;
      }
      wordStart = at + 1;
    }
    if (at === end) return waitOrClose(input, start, first, end);
    const textEnd = endOfText(input, start, at);
    if (textEnd > wordStart) {
      request.addKey(wordStart, textEnd);
      longest = Math.max(longest, textEnd - wordStart);
    }
    finishGet(input, request, isFreeOfNul, longest);
    return at + 1 - start;
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
        request.noreply = request.words[0] !== 'lru_crawler' && this.#isNoreply(input);
        break;
      case VERB.get:
        this.#decodeBget(input, request);
    }
  }

  #isConfig(input: Buffer): boolean {
    return this.#words.count > 1 && this.#words.equals(input, 0, CONFIG);
  }

  /** `config get [<name>]`, `config delete <name>`, `config set <name> <flags> <bytes>`, data. */
  #decodeConfig(
    input: Buffer,
    start: number,
    end: number,
    newline: number,
    request: Request,
  ): number {
    const words = this.#words;
    const lineBytes = newline + 1 - start;
    const action = words.text(input, 1);
    request.noreply = words.count > 3 && this.#isNoreply(input);
    request.firstKey = 0;
    request.endKey = 0;
    if (words.count > 2) request.addKey(words.start(2), words.end(2));
    else request.addKey(newline, newline);
    const nameBytes = request.keyEnd(0) - request.keyStart(0);
    const isValid =
      words.isFreeOfNul && nameBytes <= KEY_BYTES_MAX && (words.count > 2 || action === 'get');
    const verb = action === 'get' ? VERB.configGet : VERB.configDelete;
    if (action === 'set') return this.#decodeConfigSet(input, end, newline, lineBytes, request);
    if (isValid && (action === 'get' || action === 'delete')) request.verb = verb;
    else reject(request, CLASSIC_LINES.unknownCommand);
    return lineBytes;
  }

  /** Waits for the data, too, because it is short. */
  #decodeConfigSet(
    input: Buffer,
    end: number,
    newline: number,
    lineBytes: number,
    request: Request,
  ): number {
    const words = this.#words;
    const flags = words.count > 4 ? readU32(input, words.start(3), words.end(3)) : Number.NaN;
    const length = words.count > 4 ? readI32(input, words.start(4), words.end(4)) : -1;
    const isLengthValid = length >= 0 && length <= DATA_BYTES_MAX;
    const nameBytes = request.keyEnd(0) - request.keyStart(0);
    if (!isLengthValid || flags < 0 || Number.isNaN(flags) || nameBytes > KEY_BYTES_MAX) {
      reject(request, words.count > 4 ? CLASSIC_LINES.badFormat : CLASSIC_LINES.unknownCommand);
      if (isLengthValid) request.skipBytes = length + 2;
      return lineBytes;
    }
    if (length > CONFIG_BYTES_MAX) {
      reject(request, CLASSIC_LINES.tooLarge);
      request.skipBytes = length + 2;
      return lineBytes;
    }
    const dataEnd = newline + 1 + length;
    if (end < dataEnd + 2) return INCOMPLETE;
    request.verb = VERB.configSet;
    request.clientFlags = flags;
    request.bodyStart = newline + 1;
    request.bodyEnd = dataEnd;
    if (input[dataEnd] !== CR || input[dataEnd + 1] !== LF) {
      reject(request, CLASSIC_LINES.badDataChunk);
    }
    return lineBytes + length + 2;
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
    request.noreply = this.#isNoreply(input);
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
      const noreply = this.#isNoreply(input);
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

  /** Decodes `bget` like a line that starts with `g`: its words become the keys. */
  #decodeBget(input: Buffer, request: Request): void {
    request.endKey = 0;
    let longest = 0;
    for (let i = 0; i < this.#words.count; i++) {
      const start = this.#words.start(i);
      const end = this.#words.end(i);
      request.addKey(start, end);
      longest = Math.max(longest, end - start);
    }
    finishGet(input, request, true, longest);
  }

  /** Rejects a line with fewer or more words, and reads `noreply` at its end. */
  #checkWordCount(input: Buffer, request: Request, min: number, max: number): boolean {
    if (this.#words.count < min || this.#words.count > max) {
      reject(request, CLASSIC_LINES.unknownCommand);
      return false;
    }
    request.noreply = this.#isNoreply(input);
    return true;
  }

  #isNoreply(input: Buffer): boolean {
    return this.#words.equals(input, this.#words.count - 1, NOREPLY);
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

/** Makes a get of the words of a line, which are in `request` as keys. */
function finishGet(input: Buffer, request: Request, isFreeOfNul: boolean, longest: number): void {
  const start = request.keyStart(0);
  const length = request.keyEnd(0) - start;
  const touches = input[start + 1] === LETTER_A;
  const isGetName =
    input[start] === LETTER_B
      ? length === 4
      : (touches || input[start + 1] === LETTER_E) &&
        input[start + 2] === LETTER_T &&
        (length === 3 || (length === 4 && input[start + 3] === LETTER_S));
  if (request.endKey < 2 || !isGetName) {
    reject(request, CLASSIC_LINES.unknownCommand);
    return;
  }
  request.verb = touches ? VERB.getAndTouch : VERB.get;
  request.wantsValue = true;
  request.withCas = length === 4 && input[start] !== LETTER_B;
  request.firstKey = touches ? 2 : 1;
  if (touches) request.exptime = readI32(input, request.keyStart(1), request.keyEnd(1));
  if (touches && Number.isNaN(request.exptime)) reject(request, CLASSIC_LINES.badExptime);
  else if (!isFreeOfNul || longest > KEY_BYTES_MAX) reject(request, CLASSIC_LINES.badFormat);
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

/** The length and the first three bytes of a word, as one number; unique for each command. */
function nameSignature(bytes: Uint8Array, start: number, end: number): number {
  const letters = (bytes[start]! << 16) | (bytes[start + 1]! << 8) | bytes[start + 2]!;
  return end - start > 15 ? -1 : ((end - start) << 24) | letters;
}

/** The verb of a command name, or VERB.invalid. */
function commandOf(input: Buffer, start: number, end: number): Verb {
  const command = COMMANDS.get(nameSignature(input, start, end));
  if (command === undefined) return VERB.invalid;
  const matches = equalBytes(input, start, command.name, 0, command.name.length);
  return matches ? command.verb : VERB.invalid;
}

function reject(request: Request, line: Uint8Array): void {
  request.verb = VERB.invalid;
  request.errorReply = line;
}

/** Whether to wait for the rest of a line or to close: only a get may be longer than the limit. */
function waitOrClose(input: Buffer, start: number, first: number, end: number): number {
  const receivedBytes = end - start;
  if (receivedBytes <= LINE_BYTES_MAX) return INCOMPLETE;
  if (first - start > LEADING_BLANKS_MAX || receivedBytes > GET_LINE_BYTES_MAX) return CLOSE;
  const name = input.toString('latin1', first, Math.min(first + 5, end));
  return name.startsWith('get ') || name === 'gets ' ? INCOMPLETE : CLOSE;
}
