import type { ByteSink, CodedError } from '../../base/index.ts';
import type { ClusterSeat } from './cluster-seat.ts';
import type { SessionContext, SessionHost } from './context.ts';

/** The replies of other nodes that one connection waits for; at first, and at most. */
const WINDOW_FIRST = 32;
const WINDOW_MAX = 1024;
/** What the replies of one connection may occupy before it serves no further request. */
const BYTES_MAX = 4 * 1024 * 1024;
/** The part of a long reply that leaves in one write. */
const PIECE_BYTES = 192 * 1024;
const REPLY_BYTES_MIN = 64;
const NO_BYTES = Buffer.alloc(0);

/** A part of a connection's replies: bytes, or a reply that has not come yet. */
export interface QueuedReply {
  bytes: Buffer;
  /** What it waits for: the reply of another node, or acknowledgements. */
  waits: number;
  /** How many replies of other nodes it has. */
  requests: number;
  /** Whether its bytes come from another node. */
  readonly isLate: boolean;
  next: QueuedReply | undefined;
  /** Called once the kernel has the reply. */
  onSent: (() => void)[] | undefined;
}

/**
 * The replies of one connection in a cluster that cannot leave at once. They leave in the order of
 * the requests. While the queue is empty, the replies in the sink leave as in a node without a
 * cluster; otherwise they move behind its last entry.
 */
export class ReplyQueue {
  /** The memory of the replies in the queue. */
  bytes = 0;
  /** Whether replies were lost that have no acknowledgement: the connection must close. */
  hasFailed = false;
  readonly #context: Pick<SessionContext, 'sink' | 'trace' | 'log'>;
  readonly #sink: ByteSink;
  readonly #seat: ClusterSeat;
  readonly #host: Pick<SessionHost, 'id' | 'replied'>;
  #head: QueuedReply | undefined;
  #tail: QueuedReply | undefined;
  /** The bytes of the head that have left. */
  #headAt = 0;
  /** The first entry with local replies since the last `seal`. */
  #unsealed: QueuedReply | undefined;
  #pendingCount = 0;
  #settledCount = 0;
  #replyBytes = REPLY_BYTES_MIN;
  #isScheduled = false;
  #isAbandoned = false;
  #sent: (() => void)[] = [];

  /** Calls `replied` of the host, in a task of its own, after replies have waited. */
  constructor(
    context: Pick<SessionContext, 'sink' | 'trace' | 'log'>,
    seat: ClusterSeat,
    host: Pick<SessionHost, 'id' | 'replied'>,
  ) {
    this.#context = context;
    this.#sink = context.sink;
    this.#seat = seat;
    this.#host = host;
  }

  get isEmpty(): boolean {
    return this.#head === undefined;
  }

  /** Whether the connection should serve no further request now. */
  get isFull(): boolean {
    return this.#pendingCount >= this.#window || this.bytes >= BYTES_MAX;
  }

  /** The window follows the size of the replies, so that those on their way find room. */
  get #window(): number {
    const room = Math.max(1, Math.floor(BYTES_MAX / this.#replyBytes));
    return Math.min(room, WINDOW_FIRST + this.#settledCount, WINDOW_MAX);
  }

  /**
   * Appends a reply that comes later, behind what is in the sink. It also waits for the
   * acknowledgements of this input if `changesHere` says so, or if keys were read before that left
   * no reply of their own, as misses of a get of several keys do.
   */
  pend(changesHere = false): QueuedReply {
    this.#moveSink();
    const entry = this.#append(NO_BYTES, 1, true);
    entry.requests = 1;
    this.#pendingCount++;
    if (changesHere || this.#seat.hasChanges) this.#unsealed ??= entry;
    return entry;
  }

  /** The entry also gets the reply to the next request; false if others are behind it already. */
  extend(entry: QueuedReply): boolean {
    if (entry !== this.#tail || this.#sink.at > 0 || this.#context.trace !== undefined)
      return false;
    if (this.#seat.hasChanges && this.#unsealed === undefined) return false;
    entry.requests++;
    this.#pendingCount++;
    return true;
  }

  /** The reply has come. It is copied, unless the queue may keep it. */
  settle(entry: QueuedReply, reply: Buffer, mayKeep = false): void {
    if (this.#isAbandoned) return;
    this.#pendingCount -= entry.requests;
    this.#settledCount += entry.requests;
    const decayed = this.#replyBytes - (this.#replyBytes >> 3);
    const replyBytes = Math.ceil(reply.length / entry.requests);
    this.#replyBytes = Math.max(REPLY_BYTES_MIN, decayed, replyBytes);
    entry.bytes = mayKeep ? reply : Buffer.from(reply);
    this.bytes += reply.length;
    this.#release(entry);
  }

  /** The replies so far to this input are complete: they wait if the seat says so. */
  seal(): void {
    if (!this.isEmpty) this.#moveSink();
    let entry: QueuedReply | undefined;
    const waits = this.#seat.seal((error) => this.#acknowledge(entry, error));
    if (waits) {
      if (this.#unsealed === undefined) this.#append(this.#takeSink(), 0, false);
      entry = this.#unsealed ?? this.#tail!;
      entry.waits++;
    }
    this.#unsealed = undefined;
  }

  /** Whether this node may still answer: to be asked right before output leaves. */
  get mayLeave(): boolean {
    return this.#seat.mayAnswer();
  }

  /** Writes replies that may leave into the sink; returns whether it has any. */
  take(): boolean {
    const sink = this.#sink;
    for (let head = this.#head; head?.waits === 0 && sink.at < PIECE_BYTES; head = this.#head) {
      const { at } = sink;
      const isFirstPiece = this.#headAt === 0;
      const end = Math.min(head.bytes.length, this.#headAt + PIECE_BYTES - at);
      sink.ensure(end - this.#headAt);
      sink.putRange(head.bytes, this.#headAt, end);
      this.#headAt = end;
      if (head.isLate && isFirstPiece) this.#trace(at);
      if (end === head.bytes.length) this.#removeHead(head);
    }
    return sink.at > 0;
  }

  /** The kernel has what `take` has written. */
  noteSent(): void {
    if (this.#sent.length === 0) return;
    for (const onSent of this.#sent.splice(0)) onSent();
  }

  /** Calls `onSent` once the kernel has the last reply of the queue, which is not empty. */
  whenSent(onSent: () => void): void {
    const tail = this.#tail!;
    tail.onSent ??= [];
    tail.onSent.push(onSent);
  }

  /** Calls `replied` soon. */
  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#host.replied();
    });
  }

  /** The connection has closed: drops all replies, also those that come later. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#head = undefined;
    this.#tail = undefined;
    this.bytes = 0;
    this.#sent = [];
  }

  #trace(replyAt: number): void {
    const { trace, log } = this.#context;
    if (trace === undefined) return;
    log.cfd = this.#host.id;
    trace.lateReply(replyAt);
  }

  #acknowledge(entry: QueuedReply | undefined, error: CodedError | undefined): void {
    if (entry === undefined || this.#isAbandoned) return;
    if (error !== undefined) this.hasFailed = true;
    this.#release(entry);
  }

  #release(entry: QueuedReply): void {
    entry.waits--;
    this.wake();
  }

  #moveSink(): void {
    if (this.#sink.at === 0) return;
    const entry = this.#append(this.#takeSink(), 0, false);
    this.#unsealed ??= entry;
  }

  #takeSink(): Buffer {
    const { bytes, at } = this.#sink;
    this.#sink.at = 0;
    return at === 0 ? NO_BYTES : Buffer.from(bytes.subarray(0, at));
  }

  #append(bytes: Buffer, waits: number, isLate: boolean): QueuedReply {
    const entry: QueuedReply = {
      bytes,
      waits,
      requests: 0,
      isLate,
      next: undefined,
      onSent: undefined,
    };
    if (this.#tail === undefined) this.#head = entry;
    else this.#tail.next = entry;
    this.#tail = entry;
    this.bytes += bytes.length;
    return entry;
  }

  #removeHead(head: QueuedReply): void {
    this.#head = head.next;
    if (this.#head === undefined) this.#tail = undefined;
    this.#headAt = 0;
    this.bytes -= head.bytes.length;
    if (head.onSent !== undefined) this.#sent.push(...head.onSent);
  }
}
