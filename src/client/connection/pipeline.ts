import type { ByteSink } from '../../base/index.ts';
import {
  type Dialect,
  MalformedReply,
  Reply,
  ReplyInput,
  type Request,
} from '../../protocol/client.ts';
import { Fifo } from './fifo.ts';
import type { Operation } from './operation.ts';

/** Numbers go around: only those in flight must differ, and short ones are cheaper. */
const OPAQUE_MAX = 1_000_000;

/**
 * The order of one connection: requests go out in it and replies come back in it.
 *
 *   waiting ──encodeWaiting──▶ sent ──receive──▶ settled
 *
 * It owns no socket. A reply that fits nothing, or not its own request, breaks the pipeline
 * for good: what comes after it cannot be trusted.
 */
export class Pipeline {
  readonly #node: string;
  readonly #waiting = new Fifo<Operation>();
  readonly #sent = new Fifo<Operation>();
  readonly #reply = new Reply();
  readonly #wonUnasked: (key: string) => void;
  #dialect: Dialect;
  #input = new ReplyInput();
  #opaque = 1;
  #waitingBytes = 0;

  /**
   * @param node what failures call it
   * @param wonUnasked told of a key whose plain read took the right to load it anew, since it is stale
   */
  constructor(node: string, dialect: Dialect, wonUnasked: (key: string) => void = () => {}) {
    this.#node = node;
    this.#dialect = dialect;
    this.#wonUnasked = wonUnasked;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get sentCount(): number {
    return this.#sent.length;
  }

  /** Operations here, those that were given up and whose reply is awaited included. */
  get count(): number {
    return this.#waiting.length + this.#sent.length;
  }

  /** Bytes of values that wait to be sent. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  add(operation: Operation): void {
    this.#waiting.push(operation);
    this.#waitingBytes += operation.sentBytes;
  }

  /** A connection is new: nothing is sent on it, and this is what it speaks. */
  begin(dialect: Dialect): void {
    this.#dialect = dialect;
    this.#input = new ReplyInput();
    this.#opaque = 1;
  }

  /** Writes waiting requests into `sink` until it holds `bytesMax`; they count as sent. */
  encodeWaiting(sink: ByteSink, bytesMax: number): void {
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      if (sink.at >= bytesMax) return;
      this.#waiting.shift();
      this.#waitingBytes -= next.sentBytes;
      if (!next.isSettled) this.#encode(next, sink);
    }
  }

  #encode(operation: Operation, sink: ByteSink): void {
    const { request } = operation;
    if (!this.#dialect.canSay(request)) {
      const detail = `It speaks ${this.#dialect.name}.`;
      operation.fail('ERR_UNSUPPORTED', this.#node, { detail });
      return;
    }
    operation.opaque = this.#opaque;
    this.#opaque += this.#dialect.encode(request, this.#opaque, sink);
    if (this.#opaque > OPAQUE_MAX) this.#opaque = 1;
    operation.isSent = true;
    this.#sent.push(operation);
  }

  /**
   * Takes `piece[0, length)`, which is only borrowed and came `now`, and settles what it answers.
   * @throws {MalformedReply} when the stream can no longer be trusted.
   */
  receive(piece: Buffer, length: number, now: number): void {
    const input = this.#input;
    input.feed(piece, length);
    for (let oldest = this.#sent.first; oldest !== undefined; oldest = this.#sent.first) {
      if (!this.#decode(oldest, now)) {
        input.keep();
        return;
      }
    }
    if (input.hasLeft) throw new MalformedReply('bytes that answer no request');
  }

  /** Reads on in the oldest operation's reply; false when more must come. */
  #decode(oldest: Operation, now: number): boolean {
    const reply = this.#reply;
    const progress = this.#dialect.decode(this.#input, oldest.request, oldest.opaque, reply);
    if (progress === 'incomplete') return false;
    if (reply.won) this.#tellIfUnasked(oldest.request, reply);
    if (progress === 'item') {
      oldest.item(reply, this.#node);
      reply.release();
      return true;
    }
    this.#sent.shift();
    oldest.answer(reply, this.#node, now);
    reply.release();
    if (reply.status === 'refused') checkInStep(oldest, reply);
    return true;
  }

  #tellIfUnasked(request: Request, { status, index }: Reply): void {
    if (status !== 'value') return;
    // Who asks for the version may be about to write: it keeps the right, and the version stays.
    if (request.verb === 'get' && !request.cas) this.#wonUnasked(request.key);
    else if (request.verb === 'get-many') this.#wonUnasked(request.keys[index]!);
  }

  /** Fails those whose deadline has passed; a cleanup stays, in front of what must not pass it. */
  expire(now: number): void {
    for (const operation of this.#all()) {
      if (operation.deadlineAt > now || operation.isSettled || operation.isCleanup) continue;
      operation.fail(operation.isSent ? 'ERR_DEADLINE' : 'ERR_DEADLINE_UNSENT', this.#node);
    }
  }

  /** The earliest deadline after `now` of those that are not settled, or Infinity. */
  earliestDeadline(now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { deadlineAt, isSettled } of this.#all()) {
      if (!isSettled && deadlineAt > now && deadlineAt < earliest) earliest = deadlineAt;
    }
    return earliest;
  }

  /** Whether nobody waits any more for the reply that is due next. */
  isOldestGivenUp(now: number): boolean {
    const oldest = this.#sent.first;
    return oldest !== undefined && (oldest.isSettled || oldest.deadlineAt <= now);
  }

  /** Whether a cleanup is past its deadline: it is not sent again, and nothing may pass it. */
  hasLateCleanup(now: number): boolean {
    for (const { isCleanup, deadlineAt } of this.#all()) {
      if (isCleanup && deadlineAt <= now) return true;
    }
    return false;
  }

  /** Whether nobody waits for anything here. */
  isQuiet(): boolean {
    for (const { isSettled } of this.#all()) if (!isSettled) return false;
    return true;
  }

  takeSent(): readonly Operation[] {
    return this.#sent.drain();
  }

  /** Like `takeSent`, but what may be sent again waits, in front of the rest. */
  takeUnrepeatable(): readonly Operation[] {
    const sent = this.#sent.drain();
    const again = sent.filter(({ isRepeatable }) => isRepeatable);
    const rest = sent.filter(({ isRepeatable }) => !isRepeatable);
    for (const operation of again) operation.repeat();
    this.#waiting.putBack(again);
    return rest;
  }

  takeWaiting(): readonly Operation[] {
    this.#waitingBytes = 0;
    return this.#waiting.drain();
  }

  *#all(): Generator<Operation> {
    yield* this.#sent;
    yield* this.#waiting;
  }
}

/**
 * A node that did not understand the line of a store took its value for commands: what it says next
 * answers nobody. (SERVER_ERROR is another matter: the value was read and dropped.)
 */
function checkInStep({ request }: Operation, { line }: Reply): void {
  if (request.verb === 'store' && !line.startsWith('SERVER_ERROR')) {
    throw new MalformedReply(`a store was not understood: ${line}`);
  }
}
