import { PendingValue } from '../../commands/index.ts';
import { DIALECT, type ReplyWriter, type Request } from '../../protocol/index.ts';
import type { SessionContext } from './context.ts';

const CR = 0x0d;
const LF = 0x0a;
const CRLF_BYTES = 2;

/** Decides in a cluster about a value that has arrived in pieces. */
interface ValueGuard {
  /** Whether the node may still store it. */
  mayComplete(): boolean;
  /** It is stored, or refused. */
  completed(): void;
}

/**
 * The body of a request of one session, while it arrives: the value of a storage request, or bytes
 * that the session skips.
 */
export class ValueReceiver {
  #at = 0;
  readonly #context: SessionContext;
  readonly #value = new PendingValue();
  readonly #guard: ValueGuard | undefined;
  #reply: ReplyWriter;
  /** Whether a value arrives; the rest of the body is skipped. */
  #hasValue = false;
  #skipBytes = 0;
  /** Bytes after a value: CRLF in text, none in binary. */
  #trailerBytes = CRLF_BYTES;
  /** Whether the bytes after the value have matched CRLF so far. */
  #trailerIsValid = true;

  constructor(context: SessionContext, guard?: ValueGuard) {
    this.#context = context;
    this.#guard = guard;
    this.#reply = context.classicReplies;
  }

  /**
   * Stores the value of a request if it arrived completely with it, and otherwise prepares to
   * receive it. Returns the offset up to which it consumed the input.
   */
  begin(request: Request, from: number, end: number, reply: ReplyWriter): number {
    const valueEnd = this.#storeWhole(request, from, end, reply);
    if (valueEnd >= 0) return valueEnd;
    this.#prepare(request, reply);
    return from;
  }

  /** Returns the offset after a value that it has stored, or -1. */
  #storeWhole(request: Request, from: number, end: number, reply: ReplyWriter): number {
    const { wholeWriter } = this.#context;
    const { input, valueBytes } = request;
    const valueEnd = from + valueBytes;
    const inText = request.dialect !== DIALECT.binary;
    const wholeEnd = inText ? valueEnd + CRLF_BYTES : valueEnd;
    if (wholeEnd > end) return -1;
    if (inText && (input[valueEnd] !== CR || input[valueEnd + 1] !== LF)) return -1;
    return wholeWriter.write(request, from, reply) ? wholeEnd : -1;
  }

  /** Whether bytes of the value have not arrived, or it is not stored. */
  get isReceiving(): boolean {
    return this.#hasValue;
  }

  /** Whether bytes of the body have not arrived. */
  get isPending(): boolean {
    return this.#hasValue || this.#skipBytes > 0;
  }

  skip(bytes: number): void {
    this.#skipBytes = bytes;
  }

  /** Prepares to receive a value; if that fails, replies and skips it. */
  #prepare(request: Request, reply: ReplyWriter): void {
    const begun = this.#context.writer.begin(request, this.#value, reply);
    this.#trailerBytes = request.dialect === DIALECT.binary ? 0 : CRLF_BYTES;
    if (!begun) {
      this.skip(request.valueBytes + this.#trailerBytes);
      return;
    }
    this.#reply = reply;
    this.#trailerIsValid = true;
    this.#hasValue = true;
  }

  /**
   * Receives the body from `input[start, end)`; more must arrive while `isPending`. Returns the
   * offset up to which it consumed the input.
   */
  receive(input: Buffer, start: number, end: number): number {
    this.#at = start;
    if (this.#hasValue) this.#receiveValue(input, end);
    if (this.#hasValue) return this.#at;
    const take = Math.min(this.#skipBytes, end - this.#at);
    this.#skipBytes -= take;
    return this.#at + take;
  }

  /** Receives bytes of the value, then CRLF. Stores the complete value, and replies. */
  #receiveValue(input: Buffer, end: number): void {
    const { writer, sink, trace } = this.#context;
    const replyAt = sink.at;
    if (!this.#receiveBytes(input, end)) {
      // There is no memory for the rest.
      const { valueBytes, receivedBytes } = this.#value;
      this.#skipBytes = valueBytes - receivedBytes + this.#trailerBytes;
    } else if (!this.#receiveTrailer(input, end)) {
      return;
    } else if (this.#guard?.mayComplete() === false) {
      writer.rejectMoved(this.#value, this.#reply);
    } else if (this.#trailerIsValid) {
      writer.complete(this.#value, this.#reply);
    } else {
      writer.rejectBadData(this.#value, this.#reply);
    }
    this.#hasValue = false;
    this.#guard?.completed();
    if (trace !== undefined) trace.lateReply(replyAt);
  }

  /** Returns false, after a reply, if there is no memory for the bytes. */
  #receiveBytes(input: Buffer, end: number): boolean {
    const value = this.#value;
    const missing = value.valueBytes - value.receivedBytes;
    if (missing <= 0) return true;
    const until = this.#at + Math.min(missing, end - this.#at);
    if (!this.#context.writer.receive(value, input, this.#at, until, this.#reply)) return false;
    this.#at = until;
    return true;
  }

  /** The connection has closed: frees the chunks of a partly received value. */
  abandon(): void {
    this.#context.writer.abandon(this.#value);
    this.#hasValue = false;
    this.#skipBytes = 0;
  }

  #receiveTrailer(input: Buffer, end: number): boolean {
    const value = this.#value;
    const wholeBytes = value.valueBytes + this.#trailerBytes;
    while (this.#at < end && value.receivedBytes < wholeBytes) {
      const wanted = value.receivedBytes === value.valueBytes ? CR : LF;
      if (input[this.#at++] !== wanted) this.#trailerIsValid = false;
      value.receivedBytes++;
    }
    return value.receivedBytes === wholeBytes;
  }
}
