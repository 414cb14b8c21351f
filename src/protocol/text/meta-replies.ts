import type { ByteSink } from '../../base/index.ts';
import {
  NO_POSITION,
  type ReplyWriter,
  STATUS,
  type Status,
  type StorageReplyContext,
  type StoredFacts,
} from '../reply.ts';
import type { Request } from '../request.ts';
import { putBase64 } from './base64.ts';
import { CLASSIC_LINES } from './classic-lines.ts';
import { ClassicReplies } from './classic-replies.ts';
import { META_LETTER } from './meta-letters.ts';

const constant = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export const EN = constant('EN');
export const HD = constant('HD');
export const VA = constant('VA ');
export const NF = constant('NF');
export const NOOP = constant('MN\r\n');

/** The reply code of each status in the meta protocol; any other status is a classic error line. */
const CODES: Readonly<Record<number, Uint8Array>> = {
  [STATUS.ok]: constant('HD'),
  [STATUS.stored]: constant('HD'),
  [STATUS.deleted]: constant('HD'),
  [STATUS.notStored]: constant('NS'),
  [STATUS.exists]: constant('EX'),
  [STATUS.notFound]: NF,
};
const ERRORS: Readonly<Record<number, Uint8Array>> = Object.fromEntries(
  Object.entries(STATUS).map(([name, status]) => [
    status,
    CLASSIC_LINES[name as keyof typeof STATUS],
  ]),
);
const MINUS_ONE = constant('-1');
const BINARY_MARK = constant(' b');

const CR = 0x0d;
const LF = 0x0a;
const BLANK = 0x20;
/** The most bytes of the return flags: the key in base64, an opaque, letters and blanks. */
const RETURN_FLAGS_BYTES_MAX = 512;

/**
 * Encodes replies of the meta protocol. A command writes the head (a code, or `VA` and a length),
 * then each return flag in the order of the request, then the end of the line.
 */
export class MetaReplies extends ClassicReplies implements ReplyWriter {
  /** Encodes return flags in advance, apart from the connection's output. */
  readonly #scratch: ByteSink;

  constructor(sink: ByteSink, scratch: ByteSink) {
    super(sink);
    this.#scratch = scratch;
  }

  override stored(request: Request, status: Status, item: StoredFacts): void {
    const code = CODES[status];
    const isStored = status === STATUS.stored;
    if (code === undefined) this.sink.putConstant(ERRORS[status]!);
    if (code === undefined || (isStored && request.noreply)) return;
    this.sink.putConstant(code);
    for (let flag = 0; flag < request.flagCount; flag++) {
      const letter = request.flagLetter(flag);
      if (letter === META_LETTER.opaque) this.opaque(request, flag);
      else if (letter === META_LETTER.key) this.key(request);
      else this.#storedNumber(letter, isStored, item);
    }
    this.lineEnd();
  }

  /** Writes the flag of a stored item, if the letter asks for one: its size or its CAS id. */
  #storedNumber(letter: number, isStored: boolean, item: StoredFacts): void {
    if (letter === META_LETTER.size) this.number(letter, item.valueBytes);
    else if (letter !== META_LETTER.cas) return;
    else if (isStored) this.number64(letter, item.casHigh, item.casLow);
    else this.number(letter, 0);
  }

  override capture(request: Request, context: StorageReplyContext): void {
    context.quiet = request.noreply;
    context.casAt = NO_POSITION;
    context.sizeAt = NO_POSITION;
    const scratch = this.#scratch;
    scratch.at = 0;
    for (let flag = 0; flag < request.flagCount; flag++) {
      const letter = request.flagLetter(flag);
      if (letter === META_LETTER.cas) context.casAt = reserveByte(scratch);
      else if (letter === META_LETTER.size) context.sizeAt = reserveByte(scratch);
      else if (letter === META_LETTER.opaque) putOpaque(scratch, request, flag);
      else if (letter === META_LETTER.key) putKey(scratch, request);
    }
    context.returnFlagBytes = scratch.at;
    if (scratch.at === 0) return;
    if (context.returnFlags.length === 0)
      context.returnFlags = Buffer.allocUnsafeSlow(RETURN_FLAGS_BYTES_MAX);
    scratch.bytes.copy(context.returnFlags, 0, 0, scratch.at);
  }

  override storageReply(context: StorageReplyContext, status: Status, item: StoredFacts): void {
    const code = CODES[status];
    if (code === undefined) {
      this.sink.putConstant(ERRORS[status]!);
      return;
    }
    const stored = status === STATUS.stored;
    if (context.quiet && stored) return;
    const { sink } = this;
    sink.putConstant(code);
    let at = 0;
    const casFirst = context.casAt < context.sizeAt;
    at = this.#putReturnFlags(
      context,
      at,
      casFirst ? META_LETTER.cas : META_LETTER.size,
      stored,
      item,
    );
    at = this.#putReturnFlags(
      context,
      at,
      casFirst ? META_LETTER.size : META_LETTER.cas,
      stored,
      item,
    );
    sink.putRange(context.returnFlags, at, context.returnFlagBytes);
    this.lineEnd();
  }

  /** Writes the return flags up to the place of the letter, then the letter with its number. */
  #putReturnFlags(
    context: StorageReplyContext,
    from: number,
    letter: number,
    stored: boolean,
    item: StoredFacts,
  ): number {
    const position = letter === META_LETTER.cas ? context.casAt : context.sizeAt;
    if (position === NO_POSITION) return from;
    const { sink } = this;
    sink.putRange(context.returnFlags, from, position);
    this.#storedNumber(letter, stored, item);
    return position + 1;
  }

  /** Writes the code of a status with the key and the opaque of the request, or the error line. */
  override status(request: Request, status: Status): void {
    const code = CODES[status];
    if (code === undefined) this.sink.putConstant(ERRORS[status]!);
    else this.codeLine(request, code);
  }

  /** Writes the reply to a miss, unless the request is quiet. */
  override miss(request: Request): void {
    if (!request.noreply) this.codeLine(request, EN);
  }

  noop(): void {
    this.sink.putConstant(NOOP);
  }

  /** Begins the reply to a hit without its value. */
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

  /** Writes a flag without a number: `W`, `X`, `Z`. */
  flag(letter: number): void {
    const { sink } = this;
    sink.bytes[sink.at] = BLANK;
    sink.bytes[sink.at + 1] = letter;
    sink.at += 2;
  }

  /** Writes a flag with a number, 0 … 2^53 - 1. */
  number(letter: number, value: number): void {
    this.flag(letter);
    this.sink.putDecimal(value);
  }

  /** Writes a flag with `-1`. */
  minusOne(letter: number): void {
    this.flag(letter);
    this.sink.putConstant(MINUS_ONE);
  }

  /** Writes a flag with a number of 64 bits in two words. */
  number64(letter: number, high: number, low: number): void {
    this.flag(letter);
    this.sink.putDecimal64(high, low);
  }

  /** Writes the opaque, which is flag number `flag` of the request, as received. */
  opaque(request: Request, flag: number): void {
    putOpaque(this.sink, request, flag);
  }

  /** Writes the key as the request has it. */
  key(request: Request): void {
    putKey(this.sink, request);
  }

  /** Writes the key of an item: in base64 and with the mark `b` if it was stored as binary. */
  itemKey(source: Buffer, start: number, end: number, isBinary: boolean): void {
    this.flag(META_LETTER.key);
    putKeyText(this.sink, source, start, end, isBinary);
  }

  /** Writes a whole reply line: a code, with the key and the opaque of the request. */
  codeLine(request: Request, code: Uint8Array): void {
    this.sink.putConstant(code);
    for (let flag = 0; flag < request.flagCount; flag++) {
      const letter = request.flagLetter(flag);
      if (letter === META_LETTER.opaque) this.opaque(request, flag);
      else if (letter === META_LETTER.key) this.key(request);
    }
    this.lineEnd();
  }
}

/** Reserves one byte for a number that is not known yet; returns its position. */
function reserveByte(sink: ByteSink): number {
  sink.putByte(BLANK);
  return sink.at - 1;
}

function putOpaque(sink: ByteSink, request: Request, flag: number): void {
  sink.putByte(BLANK);
  sink.putRange(request.input, request.flagStart(flag), request.flagEnd(flag));
}

function putKey(sink: ByteSink, request: Request): void {
  sink.putByte(BLANK);
  sink.putByte(META_LETTER.key);
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
