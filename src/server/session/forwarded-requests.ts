import type { CodedError } from '../../base/index.ts';
import type { Role } from '../../commands/index.ts';
import { BinaryDecoder, ClassicDecoder, DIALECT, Request } from '../../protocol/index.ts';
import type { ForwardedRun } from './cluster-seat.ts';
import type { ClusterContext } from './context.ts';
import { replyFacts } from './late-replies.ts';
import type { QueuedReply, ReplyQueue } from './reply-queue.ts';

const NO_BYTES = Buffer.alloc(0);
/** Longer requests leave alone. */
const BYTES_MAX = 4096;
/** The largest run: the replies to a long one would come late. */
const REQUESTS_MAX = 32;

/** The neighbouring requests of one input that go to one member; their replies are one entry. */
export class ForwardedRequests implements ForwardedRun {
  readonly member: number;
  readonly dialect: Request['dialect'];
  readonly role: Role;
  readonly ends: number[] = [];
  bytes: Buffer = NO_BYTES;
  readonly #replies: ReplyQueue;
  readonly #entry: QueuedReply;
  readonly #cluster: ClusterContext;
  /** Where the requests are in the input. */
  readonly #start: number;
  #end: number;

  /** Begins a run with the request at `[start, end)` of the input. */
  constructor(
    member: number,
    { dialect }: Request,
    role: Role,
    replies: ReplyQueue,
    cluster: ClusterContext,
    start: number,
    end: number,
  ) {
    this.member = member;
    this.dialect = dialect;
    this.role = role;
    this.#replies = replies;
    this.#cluster = cluster;
    this.#entry = replies.pend();
    this.#start = start;
    this.#end = end;
    this.ends.push(end - start);
  }

  get itemsMax(): number {
    return this.ends.length;
  }

  /** Adds the request at `[start, end)` of the same input, if it may leave with those before it. */
  add(member: number, { dialect }: Request, role: Role, start: number, end: number): boolean {
    const isNext = member === this.member && start === this.#end && role === this.role;
    const isText = dialect !== DIALECT.binary;
    if (!isNext || isText !== (this.dialect !== DIALECT.binary)) return false;
    if (end - this.#start > BYTES_MAX || this.ends.length === REQUESTS_MAX) return false;
    if (!this.#replies.extend(this.#entry)) return false;
    this.ends.push(end - this.#start);
    this.#end = end;
    return true;
  }

  /** Copies the requests: the input does not stay. */
  take(input: Buffer): void {
    this.bytes = Buffer.from(input.subarray(this.#start, this.#end));
  }

  settle(replies: Buffer): void {
    this.#cluster.budgets.of(this.member).end(this.bytes.length);
    this.#replies.settle(this.#entry, replies);
  }

  failure(nth: number, error: CodedError): Buffer {
    const request = new Request();
    const decoder = this.dialect === DIALECT.binary ? new BinaryDecoder() : new ClassicDecoder();
    const start = nth === 0 ? 0 : this.ends[nth - 1]!;
    decoder.decode(this.bytes, start, this.ends[nth]!, request);
    return this.#cluster.late.failure(replyFacts(request), error);
  }
}
