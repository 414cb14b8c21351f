import type { ByteSink } from '../../base/index.ts';
import {
  NOWHERE,
  type ReplyWriter,
  STATUS,
  type Status,
  type StorageEcho,
  type StoredFacts,
} from '../reply.ts';
import type { Request } from '../request.ts';
import { putBase64 } from './base64.ts';
import { CLASSIC_LINES, ClassicReplies } from './classic-replies.ts';

const constant = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** memcached's words for what became of a meta command; any other status is a classic error. */
const CODES: Readonly<Record<number, Uint8Array>> = {
  [STATUS.ok]: constant('HD'),
  [STATUS.stored]: constant('HD'),
  [STATUS.deleted]: constant('HD'),
  [STATUS.notStored]: constant('NS'),
  [STATUS.exists]: constant('EX'),
  [STATUS.notFound]: constant('NF'),
};
const ERRORS: Readonly<Record<number, Uint8Array>> = Object.fromEntries(
  Object.entries(STATUS).map(([name, status]) => [
    status,
    CLASSIC_LINES[name as keyof typeof STATUS],
  ]),
);
const EN = constant('EN');
const HD = constant('HD');
const VA = constant('VA ');
const NOOP = constant('MN\r\n');
const MINUS_ONE = constant('-1');
const BINARY_MARK = constant(' b');

const CR = 0x0d;
const LF = 0x0a;
const BLANK = 0x20;
const [LETTER_C, LETTER_K, LETTER_O, LETTER_S] = [0x63, 0x6b, 0x4f, 0x73];
/** What an echo may need: the key in base64, an opaque, and the marks between. */
const ECHO_BYTES_MAX = 512;

/**
 * Answers meta commands. Who answers writes the head (a code, or `VA` and a length), then what each
 * flag asks for in the order of the request, then the end of the line.
 */
export class MetaReplies extends ClassicReplies implements ReplyWriter {
  /** Writes echoes, apart from the replies on their way out. */
  readonly #echo: ByteSink;

  constructor(sink: ByteSink, scratch: ByteSink) {
    super(sink);
    this.#echo = scratch;
  }

  override remember(request: Request, echo: StorageEcho): void {
    echo.quiet = request.noreply;
    echo.casAt = NOWHERE;
    echo.sizeAt = NOWHERE;
    const scratch = this.#echo;
    scratch.at = 0;
    for (let flag = 0; flag < request.flagCount; flag++) {
      const letter = request.flagLetter(flag);
      if (letter === LETTER_C) echo.casAt = putPlace(scratch);
      else if (letter === LETTER_S) echo.sizeAt = putPlace(scratch);
      else if (letter === LETTER_O) putOpaque(scratch, request, flag);
      else if (letter === LETTER_K) putKey(scratch, request);
    }
    echo.textBytes = scratch.at;
    if (scratch.at === 0) return;
    if (echo.text.length === 0) echo.text = Buffer.allocUnsafeSlow(ECHO_BYTES_MAX);
    scratch.bytes.copy(echo.text, 0, 0, scratch.at);
  }

  override stored(echo: StorageEcho, status: Status, item: StoredFacts): void {
    const code = CODES[status];
    if (code === undefined) {
      this.sink.putConstant(ERRORS[status]!);
      return;
    }
    const stored = status === STATUS.stored;
    if (echo.quiet && stored) return;
    const { sink } = this;
    sink.putConstant(code);
    let at = 0;
    const casFirst = echo.casAt < echo.sizeAt;
    at = this.#putEcho(echo, at, casFirst ? LETTER_C : LETTER_S, stored, item);
    at = this.#putEcho(echo, at, casFirst ? LETTER_S : LETTER_C, stored, item);
    sink.putRange(echo.text, at, echo.textBytes);
    this.lineEnd();
  }

  /** The echo up to where the letter goes, then what the letter shows. */
  #putEcho(
    echo: StorageEcho,
    from: number,
    letter: number,
    stored: boolean,
    item: StoredFacts,
  ): number {
    const place = letter === LETTER_C ? echo.casAt : echo.sizeAt;
    if (place === NOWHERE) return from;
    const { sink } = this;
    sink.putRange(echo.text, from, place);
    if (letter === LETTER_S) this.number(letter, item.storedBytes);
    else if (stored) this.wide(letter, item.storedCasHigh, item.storedCasLow);
    else this.number(letter, 0);
    return place + 1;
  }

  /** The code of a status with what every reply repeats: the key and the opaque; or the error. */
  override status(request: Request, status: Status): void {
    const code = CODES[status];
    if (code === undefined) this.sink.putConstant(ERRORS[status]!);
    else this.coded(request, code);
  }

  /** Nothing was found; said unless the request is quiet. */
  override miss(request: Request): void {
    if (!request.noreply) this.coded(request, EN);
  }

  noop(): void {
    this.sink.putConstant(NOOP);
  }

  /** Begins the reply to a hit whose value is not shown. */
  head(): void {
    this.sink.putConstant(HD);
  }

  /** Begins the reply to a hit whose value follows the line. */
  valueHead(valueBytes: number): void {
    this.sink.putConstant(VA);
    this.sink.putDecimal(valueBytes);
  }

  lineEnd(): void {
    const { sink } = this;
    sink.bytes[sink.at] = CR;
    sink.bytes[sink.at + 1] = LF;
    sink.at += 2;
  }

  /** A letter alone: `W`, `X`, `Z`. */
  mark(letter: number): void {
    const { sink } = this;
    sink.bytes[sink.at] = BLANK;
    sink.bytes[sink.at + 1] = letter;
    sink.at += 2;
  }

  /** A letter with a number, 0 … 2^53 - 1. */
  number(letter: number, value: number): void {
    this.mark(letter);
    this.sink.putDecimal(value);
  }

  /** A letter with `-1`. */
  never(letter: number): void {
    this.mark(letter);
    this.sink.putConstant(MINUS_ONE);
  }

  /** A letter with a number of 64 bits, in two words. */
  wide(letter: number, high: number, low: number): void {
    this.mark(letter);
    this.sink.putDecimal64(high, low);
  }

  /** The opaque that is flag number `flag`, as it came. */
  opaque(request: Request, flag: number): void {
    putOpaque(this.sink, request, flag);
  }

  /** The key as the request gave it. */
  key(request: Request): void {
    putKey(this.sink, request);
  }

  /** The key of an item: in base64, and marked so, when it was stored as binary. */
  itemKey(source: Buffer, start: number, end: number, isBinary: boolean): void {
    this.mark(LETTER_K);
    putKeyText(this.sink, source, start, end, isBinary);
  }

  coded(request: Request, code: Uint8Array): void {
    this.sink.putConstant(code);
    for (let flag = 0; flag < request.flagCount; flag++) {
      const letter = request.flagLetter(flag);
      if (letter === LETTER_O) this.opaque(request, flag);
      else if (letter === LETTER_K) this.key(request);
    }
    this.lineEnd();
  }
}

/** Keeps a place, of one byte, for a number that is not known yet. */
function putPlace(sink: ByteSink): number {
  sink.putByte(BLANK);
  return sink.at - 1;
}

function putOpaque(sink: ByteSink, request: Request, flag: number): void {
  sink.putByte(BLANK);
  sink.putRange(request.input, request.flagStart(flag), request.flagEnd(flag));
}

function putKey(sink: ByteSink, request: Request): void {
  sink.putByte(BLANK);
  sink.putByte(LETTER_K);
  const { keySource, keyBinary } = request;
  putKeyText(sink, keySource, request.keyStart(0), request.keyEnd(0), keyBinary);
}

function putKeyText(
  sink: ByteSink,
  source: Buffer,
  start: number,
  end: number,
  isBinary: boolean,
): void {
  if (!isBinary) {
    sink.putRange(source, start, end);
    return;
  }
  putBase64(sink, source, start, end);
  sink.putConstant(BINARY_MARK);
}
