import { PendingValue } from '../../commands/index.ts';
import { DIALECT, type ReplyWriter, type Request, type Status } from '../../protocol/index.ts';
import type { SessionContext } from './context.ts';

const CR = 0x0d;
const LF = 0x0a;
const CRLF_BYTES = 2;

/**
 * The body of a request of one session, while it arrives: the value of a storage request, or bytes
 * that the session skips.
 */
export class ValueReceiver {
  #at = 0;
  readonly #context: SessionContext;
  readonly #value = new PendingValue();
  #reply: ReplyWriter;
  /** Whether a value arrives; the rest of the body is skipped. */
  #hasValue = false;
  #skipBytes = 0;
  /** Bytes after a value: CRLF in text, none in binary. */
  #trailerBytes = CRLF_BYTES;
  /** Whether the bytes after the value have matched CRLF so far. */
  #trailerIsValid = true;

  constructor(context: SessionContext) {
    this.#context = context;
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
    const { wholeWriter, store } = this.#context;
    const { input, valueBytes } = request;
    const valueEnd = from + valueBytes;
    const inText = request.dialect !== DIALECT.binary;
    const wholeEnd = inText ? valueEnd + CRLF_BYTES : valueEnd;
    if (wholeEnd > end) return -1;
    if (inText && (input[valueEnd] !== CR || input[valueEnd + 1] !== LF)) return -1;
    const status = wholeWriter.write(request, from, this.#value);
    if (status === undefined) return -1;
    reply.capture(request, this.#value.echo);
    reply.storageReply(this.#value.echo, status, store);
    return wholeEnd;
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
    const failure = this.#context.writer.begin(request, this.#value);
    this.#trailerBytes = request.dialect === DIALECT.binary ? 0 : CRLF_BYTES;
    if (failure !== undefined) {
      reply.status(request, failure);
      this.skip(request.valueBytes + this.#trailerBytes);
      return;
    }
    reply.capture(request, this.#value.echo);
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
    const value = this.#value;
    const { writer } = this.#context;
    const missing = value.valueBytes - value.receivedBytes;
    if (missing > 0) {
      const take = Math.min(missing, end - this.#at);
      const failure = writer.receive(value, input, this.#at, this.#at + take);
      if (failure !== undefined) {
        // There is no memory for the rest.
        this.#skipBytes = value.valueBytes - value.receivedBytes + this.#trailerBytes;
        this.#finish(failure);
        return;
      }
      this.#at += take;
    }
    if (!this.#receiveTrailer(input, end)) return;
    this.#finish(this.#trailerIsValid ? writer.complete(value) : writer.rejectBadData(value));
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

  #finish(status: Status): void {
    this.#hasValue = false;
    const { store, events, sink, trace } = this.#context;
    const replyAt = sink.at;
    this.#reply.storageReply(this.#value.echo, status, store);
    if (trace !== undefined) trace.lateReply(replyAt);
    if (store.evictionEvents.count > 0) events.publishEvictions();
  }
}
