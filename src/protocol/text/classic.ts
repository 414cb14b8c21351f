/**
 * The classic text protocol, requests: bytes in, one Request out (memcached doc/protocol.txt;
 * replies to what is wrong as memcached 1.6.18 gives them).
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
import { DIALECT, type Request, VERB, type Verb } from '../request.ts';
import { CLASSIC_LINES } from './classic-replies.ts';
import { endOfText, LineWords } from './line-words.ts';
import { MetaDecoder } from './meta.ts';
import { readI32, readU32, readU64, u64 } from './numbers.ts';

/** The line has not ended yet: call again with more bytes. */
export const INCOMPLETE = 0;
/** Nothing good can follow: close the connection without a word. */
export const HANG_UP = -1;

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

/** Commands by name, but for the gets. */
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

    // Gone from every document, and still answered by memcached.
    ['bget', VERB.get],
  ].map(([text, verb]) => {
    const name = Buffer.from(text as string);
    return [shapeOf(name, 0, name.length), { name, verb: verb as Verb }];
  }),
);
const STORAGE_WORDS = 5;
const CAS_WORDS = 6;
const LENGTH_WORD = 4;

/**
 * Decodes one line of `input[start, end)` into `request`. Returns how many bytes the line took
 * (its data block, if any, comes after), INCOMPLETE or HANG_UP.
 */
export class ClassicDecoder {
  /** Of the line at hand. */
  readonly #words = new LineWords();
  readonly #meta = new MetaDecoder();

  decode(input: Buffer, start: number, end: number, request: Request): number {
    let at = start;
    while (at < end && input[at] === BLANK) at++;
    request.input = input;
    request.keySource = input;
    request.dialect = DIALECT.classic;
    request.noreply = false;
    request.swallowBytes = 0;
    request.thenClose = false;
    if (at < end && input[at] === LETTER_M) {
      const isMeta = startsMeta(input, at, end);
      if (isMeta === undefined) return unfinished(input, start, at, end);
      if (isMeta) return this.#decodeMeta(input, start, at, end, request);
    }
    if (at < end && input[at] === LETTER_G) return this.#decodeGet(input, start, at, end, request);
    const newline = this.#words.split(input, start, at, end);
    if (newline < 0) return unfinished(input, start, at, end);
    if (this.#isConfig(input)) return this.#decodeConfig(input, start, end, newline, request);
    if (this.#words.count === 0) refuse(request, CLASSIC_LINES.unknownCommand);
    else if (!this.#decodeCommand(input, request)) return HANG_UP;
    return newline + 1 - start;
  }

  #decodeMeta(input: Buffer, start: number, first: number, end: number, request: Request): number {
    const newline = this.#meta.decode(input, first, end, request);
    return newline < 0 ? unfinished(input, start, first, end) : newline + 1 - start;
  }

  /** A line that starts with `g`: its words may be many, so they are the request's own keys. */
  #decodeGet(input: Buffer, start: number, first: number, end: number, request: Request): number {
    request.keys = 0;
    let clean = true;
    let longest = 0;
    let word = first;
    let at = first;
    for (; at < end; at++) {
      const byte = input[at]!;
      if (byte > BLANK) continue;
      if (byte === LF) break;
      if (byte === 0) clean = false;
      if (byte !== BLANK) continue;
      if (at > word) {
        request.addKey(word, at);
        if (at - word > longest) longest = at - word;
      }
      word = at + 1;
    }
    if (at === end) return unfinished(input, start, first, end);
    const textEnd = endOfText(input, start, at);
    if (textEnd > word) {
      request.addKey(word, textEnd);
      longest = Math.max(longest, textEnd - word);
    }
    finishGet(input, request, clean, longest);
    return at + 1 - start;
  }

  /** Returns false when the connection should end. */
  #decodeCommand(input: Buffer, request: Request): boolean {
    const verb = commandOf(input, this.#words.start(0), this.#words.end(0));
    if (verb >= VERB.set && verb <= VERB.cas) {
      this.#decodeStorage(input, request, verb);
    } else if (!this.#words.clean) {
      refuse(request, CLASSIC_LINES.badFormat);
    } else if (verb === VERB.refused) {
      refuse(request, CLASSIC_LINES.unknownCommand);
      // A web browser or a crafted page: memcached drops it, whatever the verb.
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
        // memcached looks for noreply in those of these that are not about the crawler.
        request.noreply = request.words[0] !== 'lru_crawler' && this.#isNoreply(input);
        break;
      case VERB.get:
        this.#decodeAncientGet(input, request);
    }
  }

  #isConfig(input: Buffer): boolean {
    return this.#words.count > 1 && this.#words.is(input, 0, CONFIG);
  }

  /**
   * `config get [<name>]`, `config delete <name>`, `config set <name> <flags> <bytes>` with data.
   */
  #decodeConfig(
    input: Buffer,
    start: number,
    end: number,
    newline: number,
    request: Request,
  ): number {
    const lineBytes = newline + 1 - start;
    const action = this.#words.text(input, 1);
    request.noreply = this.#words.count > 3 && this.#isNoreply(input);
    request.firstKey = 0;
    request.keys = 0;
    const words = this.#words;
    if (this.#words.count > 2) request.addKey(words.start(2), words.end(2));
    else request.addKey(newline, newline);
    const nameBytes = request.keyEnd(0) - request.keyStart(0);
    const good =
      this.#words.clean &&
      nameBytes <= KEY_BYTES_MAX &&
      (this.#words.count > 2 || action === 'get');
    const verb = action === 'get' ? VERB.configGet : VERB.configDelete;
    if (action === 'set') return this.#decodeConfigSet(input, end, newline, lineBytes, request);
    if (good && (action === 'get' || action === 'delete')) request.verb = verb;
    else refuse(request, CLASSIC_LINES.unknownCommand);
    return lineBytes;
  }

  /** The data is short, so the line waits for it. */
  #decodeConfigSet(
    input: Buffer,
    end: number,
    newline: number,
    lineBytes: number,
    request: Request,
  ): number {
    const words = this.#words;
    const flags = this.#words.count > 4 ? readU32(input, words.start(3), words.end(3)) : Number.NaN;
    const length = this.#words.count > 4 ? readI32(input, words.start(4), words.end(4)) : -1;
    const lengthKnown = length >= 0 && length <= DATA_BYTES_MAX;
    const nameBytes = request.keyEnd(0) - request.keyStart(0);
    if (!lengthKnown || flags < 0 || Number.isNaN(flags) || nameBytes > KEY_BYTES_MAX) {
      refuse(
        request,
        this.#words.count > 4 ? CLASSIC_LINES.badFormat : CLASSIC_LINES.unknownCommand,
      );
      if (lengthKnown) request.swallowBytes = length + 2;
      return lineBytes;
    }
    if (length > CONFIG_BYTES_MAX) {
      refuse(request, CLASSIC_LINES.tooLarge);
      request.swallowBytes = length + 2;
      return lineBytes;
    }
    const dataEnd = newline + 1 + length;
    if (end < dataEnd + 2) return INCOMPLETE;
    request.verb = VERB.configSet;
    request.clientFlags = flags;
    request.bodyStart = newline + 1;
    request.bodyEnd = dataEnd;
    if (input[dataEnd] !== CR || input[dataEnd + 1] !== LF) {
      refuse(request, CLASSIC_LINES.badDataChunk);
    }
    return lineBytes + length + 2;
  }

  #decodeStorage(input: Buffer, request: Request, verb: Verb): void {
    const words = this.#words;
    const length =
      this.#words.count > LENGTH_WORD ? readI32(input, words.start(4), words.end(4)) : -1;
    const lengthKnown = length >= 0 && length <= DATA_BYTES_MAX;
    if (lengthKnown) request.swallowBytes = length + 2;
    const wanted = verb === VERB.cas ? CAS_WORDS : STORAGE_WORDS;
    if (this.#words.count !== wanted && this.#words.count !== wanted + 1) {
      refuse(request, CLASSIC_LINES.unknownCommand);
      return;
    }
    request.noreply = this.#isNoreply(input);
    const clientFlags = readU32(input, words.start(2), words.end(2));
    const exptime = readI32(input, words.start(3), words.end(3));
    const good = this.#words.clean && lengthKnown && clientFlags >= 0 && !Number.isNaN(exptime);
    const casGood = this.#readCas(input, request, verb);
    if (!good || !casGood || !this.#takeKey(request)) {
      refuse(request, CLASSIC_LINES.badFormat);
      return;
    }
    request.verb = verb;
    request.clientFlags = clientFlags;
    request.exptime = exptime;
    request.valueBytes = length;
    request.swallowBytes = 0;
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
      refuse(request, CLASSIC_LINES.unknownCommand);
      return;
    }
    if (this.#words.count > 2) {
      const zero = this.#words.text(input, 2) === '0';
      const noreply = this.#isNoreply(input);
      request.noreply = noreply;
      if (!(this.#words.count === 3 ? zero || noreply : zero && noreply)) {
        refuse(request, DELETE_USAGE);
        return;
      }
    }
    if (!this.#takeKey(request)) refuse(request, CLASSIC_LINES.badFormat);
  }

  #decodeArithmetic(input: Buffer, request: Request): void {
    if (!this.#wantWords(input, request, 3, 4)) return;
    if (!this.#takeKey(request)) {
      refuse(request, CLASSIC_LINES.badFormat);
    } else if (!readU64(input, this.#words.start(2), this.#words.end(2))) {
      refuse(request, BAD_DELTA);
    } else {
      request.deltaHigh = u64.high;
      request.deltaLow = u64.low;
      request.casHigh = 0;
      request.casLow = 0;
      request.vivify = false;
    }
  }

  #decodeTouch(input: Buffer, request: Request): void {
    if (!this.#wantWords(input, request, 3, 4)) return;
    request.exptime = readI32(input, this.#words.start(2), this.#words.end(2));
    if (!this.#takeKey(request)) refuse(request, CLASSIC_LINES.badFormat);
    else if (Number.isNaN(request.exptime)) refuse(request, CLASSIC_LINES.badExptime);
  }

  #decodeFlush(input: Buffer, request: Request): void {
    if (!this.#wantWords(input, request, 1, 3)) return;
    request.exptime = 0;
    if (this.#words.count === (request.noreply ? 2 : 1)) return;
    request.exptime = readI32(input, this.#words.start(1), this.#words.end(1));
    if (Number.isNaN(request.exptime)) refuse(request, CLASSIC_LINES.badExptime);
  }

  #decodeVerbosity(input: Buffer, request: Request): void {
    if (!this.#wantWords(input, request, 2, 3)) return;
    request.level = readU32(input, this.#words.start(1), this.#words.end(1));
    if (Number.isNaN(request.level)) refuse(request, CLASSIC_LINES.badFormat);
  }

  /** `bget`: its words become the keys, as if it had begun with a `g`. */
  #decodeAncientGet(input: Buffer, request: Request): void {
    request.keys = 0;
    let longest = 0;
    for (let i = 0; i < this.#words.count; i++) {
      const start = this.#words.start(i);
      const end = this.#words.end(i);
      request.addKey(start, end);
      longest = Math.max(longest, end - start);
    }
    finishGet(input, request, true, longest);
  }

  /** Refuses a line with fewer or more words, and looks for `noreply` at its end. */
  #wantWords(input: Buffer, request: Request, least: number, most: number): boolean {
    if (this.#words.count < least || this.#words.count > most) {
      refuse(request, CLASSIC_LINES.unknownCommand);
      return false;
    }
    request.noreply = this.#isNoreply(input);
    return true;
  }

  #isNoreply(input: Buffer): boolean {
    return this.#words.is(input, this.#words.count - 1, NOREPLY);
  }

  /** Takes the second word as the key, if it is short enough. */
  #takeKey(request: Request): boolean {
    const start = this.#words.start(1);
    const end = this.#words.end(1);
    request.firstKey = 0;
    request.keys = 0;
    request.addKey(start, end);
    return end - start <= KEY_BYTES_MAX;
  }
}

/** Turns the words of a line, held as keys, into a get. */
function finishGet(input: Buffer, request: Request, clean: boolean, longest: number): void {
  const start = request.keyStart(0);
  const length = request.keyEnd(0) - start;
  const touches = input[start + 1] === LETTER_A;
  const named =
    input[start] === LETTER_B
      ? length === 4
      : (touches || input[start + 1] === LETTER_E) &&
        input[start + 2] === LETTER_T &&
        (length === 3 || (length === 4 && input[start + 3] === LETTER_S));
  if (request.keys < 2 || !named) {
    refuse(request, CLASSIC_LINES.unknownCommand);
    return;
  }
  request.verb = touches ? VERB.getAndTouch : VERB.get;
  request.wantsValue = true;
  request.withCas = length === 4 && input[start] !== LETTER_B;
  request.firstKey = touches ? 2 : 1;
  if (touches) request.exptime = readI32(input, request.keyStart(1), request.keyEnd(1));
  if (touches && Number.isNaN(request.exptime)) refuse(request, CLASSIC_LINES.badExptime);
  else if (!clean || longest > KEY_BYTES_MAX) refuse(request, CLASSIC_LINES.badFormat);
}

/**
 * Whether a line that starts with `m` is a meta command: a word of two letters; undefined: not
 * yet.
 */
function startsMeta(input: Buffer, at: number, end: number): boolean | undefined {
  const after = at + 2;
  if (after >= end) return undefined;
  if (input[after] === BLANK || input[after] === LF) return true;
  if (input[after] !== CR) return false;
  return after + 1 === end ? undefined : input[after + 1] === LF;
}

/** A number that no two commands share: the length and the first three bytes of a word. */
function shapeOf(bytes: Uint8Array, start: number, end: number): number {
  const letters = (bytes[start]! << 16) | (bytes[start + 1]! << 8) | bytes[start + 2]!;
  return end - start > 15 ? -1 : ((end - start) << 24) | letters;
}

/** The verb that a word names, or VERB.refused. */
function commandOf(input: Buffer, start: number, end: number): Verb {
  const command = COMMANDS.get(shapeOf(input, start, end));
  if (command === undefined) return VERB.refused;
  const known = equalBytes(input, start, command.name, 0, command.name.length);
  return known ? command.verb : VERB.refused;
}

function refuse(request: Request, line: Uint8Array): void {
  request.verb = VERB.refused;
  request.refusal = line;
}

/** Whether to wait for the rest of a line: only a get may be long. */
function unfinished(input: Buffer, start: number, first: number, end: number): number {
  const have = end - start;
  if (have <= LINE_BYTES_MAX) return INCOMPLETE;
  if (first - start > LEADING_BLANKS_MAX || have > GET_LINE_BYTES_MAX) return HANG_UP;
  const name = input.toString('latin1', first, Math.min(first + 5, end));
  return name.startsWith('get ') || name === 'gets ' ? INCOMPLETE : HANG_UP;
}
