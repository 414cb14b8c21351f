import type { ByteSink } from '../../base/index.ts';
import {
  type Dialect,
  keysOf,
  MalformedReply,
  Reply,
  ReplyInput,
  type Request,
} from '../../protocol/client.ts';
import type { ClientClock } from '../base/client-clock.ts';
import { encodeError } from '../base/errors.ts';
import { Fifo } from './fifo.ts';
import { Operation } from './operation.ts';

/** Opaques wrap around: only those in flight must differ, and short ones cost fewer bytes. */
const OPAQUE_MAX = 1_000_000;

/**
 * The queue of one connection: replies arrive in the order of the requests.
 *
 *   waiting ──encodeWaiting──▶ sent ──receive──▶ settled
 *
 * The pipeline owns no socket. A malformed reply, or one that does not fit its request, makes the
 * rest of the stream unusable: the connection must close.
 */
export class Pipeline {
  readonly #node: string;
  readonly #waiting = new Fifo<Operation>();
  readonly #sent = new Fifo<Operation>();
  readonly #reply = new Reply();
  readonly #onStaleTokenTaken: (key: string) => void;
  #dialect: Dialect;
  readonly #valueBytesMax: number | undefined;
  #input: ReplyInput;
  #opaque = 1;
  #waitingBytes = 0;

  /**
   * @param node the node's name in failures
   * @param onStaleTokenTaken called with the key when a plain read took the lease of a stale item
   * @param valueBytesMax the pipeline skips a longer value: its operation gets only the length
   */
  constructor(
    node: string,
    dialect: Dialect,
    onStaleTokenTaken: (key: string) => void = () => {},
    valueBytesMax?: number,
  ) {
    this.#node = node;
    this.#valueBytesMax = valueBytesMax;
    this.#input = new ReplyInput(valueBytesMax);
    this.#dialect = dialect;
    this.#onStaleTokenTaken = onStaleTokenTaken;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get sentCount(): number {
    return this.#sent.length;
  }

  /** Operations in both queues, including abandoned ones whose reply is outstanding. */
  get count(): number {
    return this.#waiting.length + this.#sent.length;
  }

  /** The operation whose reply comes next. */
  get oldest(): Operation | undefined {
    return this.#sent.first ?? this.#waiting.first;
  }

  /** Bytes of values in requests that wait to be sent. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  add(operation: Operation): void {
    this.#waiting.push(operation);
    this.#waitingBytes += operation.requestValueBytes;
  }

  /** Starts on a new connection that speaks `dialect`; nothing has been sent on it. */
  begin(dialect: Dialect): void {
    this.#dialect = dialect;
    this.#input = new ReplyInput(this.#valueBytesMax);
    this.#opaque = 1;
  }

  /** Encodes waiting requests until `sink` holds `bytesMax`; they count as sent. */
  encodeWaiting(sink: ByteSink, bytesMax: number): void {
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      if (sink.at >= bytesMax) return;
      this.#waiting.shift();
      this.#waitingBytes -= next.requestValueBytes;
      if (!next.isSettled) this.#encode(next, sink);
    }
  }

  #encode(operation: Operation, sink: ByteSink): void {
    const { request } = operation;
    if (!this.#dialect.supports(request)) {
      const detail = `The connection uses the ${this.#dialect.name} protocol.`;
      operation.fail('ERR_UNSUPPORTED', this.#node, { detail });
      return;
    }
    operation.opaque = this.#opaque;
    const start = sink.at;
    try {
      if (operation.hasResizedValue) throw new RangeError('The value has another length now.');
      this.#opaque += this.#dialect.encode(request, this.#opaque, sink);
    } catch (cause) {
      // The caller transferred the value's memory, its text has no UTF-8, or memory is short.
      sink.at = start;
      const detail = 'It cannot be sent, see `cause`.';
      operation.failWith(encodeError(detail, cause).at(this.#node, keysOf(request)[0]));
      return;
    }
    if (this.#opaque > OPAQUE_MAX) this.#opaque = 1;
    operation.isSent = true;
    this.#sent.push(operation);
  }

  /**
   * Decodes `piece[0, length)`, received at `now`, and settles the operations whose replies are
   * complete. The pipeline does not keep `piece`.
   * @throws {MalformedReply} when the rest of the stream is unusable.
   */
  receive(piece: Buffer, length: number, now: number): void {
    const input = this.#input;
    input.feed(piece, length);
    for (let oldest = this.#sent.first; oldest !== undefined; oldest = this.#sent.first) {
      if (!this.#decode(oldest, now)) {
        input.releasePiece();
        return;
      }
    }
    if (input.hasUnreadBytes) throw new MalformedReply('bytes without a pending request');
  }

  /** Decodes the next part of the oldest operation's reply; false when it needs more bytes. */
  #decode(oldest: Operation, now: number): boolean {
    const reply = this.#reply;
    const progress = this.#dialect.decode(this.#input, oldest.request, oldest.opaque, reply);
    if (progress === 'incomplete') return false;
    if (reply.wonLease || reply.leaseHeldByOther) this.#applyLease(oldest.request, reply);
    if (progress === 'item') {
      if (reply.status !== 'miss') oldest.receiveItem(reply, this.#node);
      reply.release();
      return true;
    }
    this.#sent.shift();
    oldest.complete(reply, this.#node, now);
    reply.release();
    if (reply.status === 'refused') checkInSync(oldest, reply);
    return true;
  }

  /** A plain read does not load: a placeholder is a miss for it, and it gives a lease back. */
  #applyLease(request: Request, reply: Reply): void {
    if ((request.verb !== 'get' && request.verb !== 'get-many') || reply.status !== 'value') return;
    const key = request.verb === 'get' ? request.key : request.keys[reply.index]!;
    // A caller that reads a CAS id may be about to write: it keeps the lease and the CAS id.
    const keepsLease = request.verb === 'get' && request.cas && !reply.isPlaceholder;
    if (reply.wonLease && !keepsLease) this.#onStaleTokenTaken(key);
    if (reply.isPlaceholder) reply.reset('miss');
  }

  /** Fails operations past their deadline. An invalidation stays in front of later reads. */
  expire(now: number): void {
    for (const operation of this.#all()) {
      if (operation.deadlineAt > now || operation.isSettled || operation.isInvalidation) continue;
      operation.fail(operation.isSent ? 'ERR_DEADLINE' : 'ERR_DEADLINE_UNSENT', this.#node);
    }
  }

  /** The earliest deadline after `now` of the unsettled operations, or Infinity. */
  earliestDeadline(now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { deadlineAt, isSettled } of this.#all()) {
      if (!isSettled && deadlineAt > now && deadlineAt < earliest) earliest = deadlineAt;
    }
    return earliest;
  }

  /** Whether no caller waits for the next reply any more. */
  isOldestAbandoned(now: number): boolean {
    const oldest = this.#sent.first;
    return oldest !== undefined && (oldest.isSettled || oldest.deadlineAt <= now);
  }

  /**
   * Whether an invalidation is past its deadline. The client does not send it again, and later
   * operations must not overtake it: the connection must break.
   */
  hasLateInvalidation(now: number): boolean {
    for (const { isInvalidation, deadlineAt } of this.#all()) {
      if (isInvalidation && deadlineAt <= now) return true;
    }
    return false;
  }

  /** Whether every operation in the pipeline has settled. */
  isSettled(): boolean {
    for (const { isSettled } of this.#all()) if (!isSettled) return false;
    return true;
  }

  takeSent(): readonly Operation[] {
    return this.#sent.takeAll();
  }

  /** Like `takeSent`, but moves resendable operations to the front of the waiting queue. */
  takeNotResendable(): readonly Operation[] {
    const sent = this.#sent.takeAll();
    const resendable = sent.filter(({ mayResend }) => mayResend);
    const rest = sent.filter(({ mayResend }) => !mayResend);
    for (const operation of resendable) operation.prepareResend();
    this.#waiting.unshiftAll(resendable);
    return rest;
  }

  takeWaiting(): readonly Operation[] {
    this.#waitingBytes = 0;
    return this.#waiting.takeAll();
  }

  *#all(): Generator<Operation> {
    yield* this.#sent;
    yield* this.#waiting;
  }
}

/**
 * A node that refused the command line of a store interprets the value as commands, so the next
 * replies fit no request. After SERVER_ERROR the stream is intact: the node skipped the value.
 */
function checkInSync({ request }: Operation, { line }: Reply): void {
  if (request.verb === 'store' && !line.startsWith('SERVER_ERROR')) {
    throw new MalformedReply(`the node refused the command line of a store: ${line}`);
  }
}

/**
 * A node gives the lease of a stale item to the next `mg` that reads it. A plain read does not
 * load, so it would withhold the lease from loading callers until the item expires. This operation
 * marks the item as stale again, which makes the lease available to them.
 */
export function tokenReturn(key: string, clock: ClientClock, deadlineMs: number): Operation {
  const request = { verb: 'delete', key, cas: undefined, staleExptime: 'kept' } as const;
  const ignore = (): void => undefined;
  return new Operation(request, clock, deadlineMs, { onReply: ignore }, ignore, ignore);
}
