import type { CodedError } from '../../base/index.ts';
import type { Role } from '../../commands/index.ts';
import { DIALECT, isStorage, type Request, VERB } from '../../protocol/index.ts';
import { COUNT } from '../../store/index.ts';
import { PLACE, type Throttle } from './cluster-seat.ts';
import type { ClusterContext, SessionContext, SessionHost } from './context.ts';
import type { ForwardBudget } from './forward-budget.ts';
import { ForwardedRequests } from './forwarded-requests.ts';
import { KeyDecision, nobody } from './key-decision.ts';
import { changesItems, isKeyed, mayChangeItems } from './keyed-requests.ts';
import { replyFacts } from './late-replies.ts';
import { ReplyQueue } from './reply-queue.ts';
import { SplitGet } from './split-get.ts';
import { PAUSE, type Pause } from './states.ts';
import { isRetrieval } from './verbs.ts';

/** The longest request that nodes send each other. */
const FORWARDED_BYTES_MAX = 64 * 1024 * 1024;
const NO_BYTES = Buffer.alloc(0);
const CRLF_BYTES = 2;
const KEY_BYTES_MAX = 250;

/** Routes the requests of one session in a cluster: executes them here, or sends them on. */
export class ClusterRouting {
  readonly replies: ReplyQueue;
  readonly gets: SplitGet;
  /** The results of `route`: where the next request begins, and how much to skip from there. */
  at = 0;
  skipBytes = 0;
  /** The bytes of a request that must have arrived before it is sent on; 0 for any. */
  wantedBytes = 0;
  readonly #context: SessionContext;
  readonly #cluster: ClusterContext;
  #version: number;
  /** The requests of `#input` that leave together, at the end of it. */
  #run: ForwardedRequests | undefined;
  #input: Buffer = NO_BYTES;
  /** What the next request waits for. */
  #awaited: Pick<ForwardBudget, 'leave'> | undefined;
  /** Whether the next request has waited for the throttle. */
  #isThrottled = false;
  readonly #wake = (): void => {
    this.#awaited = undefined;
    this.replies.wake();
  };
  /** Whether the session waits until its earlier requests have their replies. */
  #drains = false;
  readonly #decision: KeyDecision;
  /** The key of a value that arrives. */
  readonly #key = Buffer.alloc(KEY_BYTES_MAX);
  #keyBytes = 0;

  constructor(context: SessionContext, cluster: ClusterContext, host: SessionHost) {
    this.#context = context;
    this.#cluster = cluster;
    this.replies = new ReplyQueue(context, cluster.seat, host);
    this.#decision = new KeyDecision(cluster.seat, () => this.replies.wake());
    this.gets = new SplitGet(context, cluster, this.replies, this.#decision);
    this.#version = cluster.seat.version;
  }

  /** Whether the session may serve its next request, or continue with a get. */
  get mayGoOn(): boolean {
    if (this.#decision.isPending || this.gets.isPending) return false;
    if (this.#awaited !== undefined) return false;
    const { replies } = this;
    const { version } = this.#cluster.seat;
    if (replies.isEmpty) {
      this.#drains = false;
      this.#version = version;
      return true;
    }
    return !this.#drains && version === this.#version && !replies.isFull;
  }

  /** Whether no replies wait, and the session does not wait for other nodes. */
  get isIdle(): boolean {
    return this.replies.isEmpty && this.mayGoOn;
  }

  /** Why the session must pause before its next request, of which so many bytes have arrived. */
  pauseBefore(bytes: number): Pause | undefined {
    if (bytes < this.wantedBytes) return PAUSE.needInput;
    if (!this.mayGoOn) return PAUSE.replies;
    const { throttle } = this.#cluster.seat;
    if (throttle === undefined) return undefined;
    const wasThrottled = this.#isThrottled;
    this.#isThrottled = throttle.isOver;
    return this.#isThrottled ? this.#throttled(throttle, !wasThrottled) : undefined;
  }

  #throttled(throttle: Throttle, isFirst: boolean): Pause {
    this.#awaited = throttle;
    throttle.wait(this.#wake, isFirst);
    return PAUSE.replies;
  }

  /**
   * Decides about a request that the client may send: its line is `input[lineAt, bodyAt)`, and
   * the bytes that have arrived end at `end`. Returns true if the session has to execute it.
   * Otherwise the session goes on at `at`: behind the request, whose reply has its place in the
   * queue, or before it, to serve it once it may go on.
   */
  route(request: Request, role: Role, lineAt: number, bodyAt: number, end: number): boolean {
    this.at = bodyAt;
    this.skipBytes = 0;
    this.wantedBytes = 0;
    if (!isKeyed(request)) return this.#routeOther(request, lineAt);
    const key = request.firstKey;
    const hasOneKey = request.endKey - key === 1;
    const place = hasOneKey ? this.gets.placeOf(request, key) : PLACE.here;
    if (!hasOneKey) this.sendRun();
    this.gets.begin(role, hasOneKey ? key : undefined);
    if (place === PLACE.here) {
      if (hasOneKey) this.#decision.reset();
      if (!isRetrieval(request) && mayChangeItems(request)) this.#changing(request);
      return true;
    }
    if (place >= 0) {
      this.#decision.reset();
      return this.#send(request, role, place, lineAt, end);
    }
    const refusal = place === PLACE.undecided ? this.#decision.wait() : nobody();
    if (refusal !== undefined) return this.#refuse(request, refusal);
    this.at = lineAt;
    return false;
  }

  /** The end of an input: sends the requests of it that go to other nodes. */
  sendRun(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    run.take(this.#input);
    this.#cluster.budgets.of(run.member).begin(run.bytes.length);
    this.#cluster.seat.forward(run.member, run);
  }

  /** The session has executed a request other than a get, or has begun to receive its value. */
  executed(request: Request, isReceiving: boolean): void {
    if (!isKeyed(request) || isRetrieval(request)) return;
    const { keySource, firstKey } = request;
    const [start, end] = [request.keyStart(firstKey), request.keyEnd(firstKey)];
    if (isReceiving) this.#keyBytes = keySource.copy(this.#key, 0, start, end);
    const wonLease = request.verb === VERB.metaGet && this.#context.executor.hasGrantedLease;
    const { seat } = this.#cluster;
    if (wonLease || changesItems(request)) seat.changed(keySource, start, end);
    else seat.read(keySource, start, end);
  }

  /** Whether this node still is the primary of the key whose value has arrived. */
  mayComplete(): boolean {
    if (!this.#isKeyHere) return false;
    this.#cluster.seat.changing(this.#key, 0, this.#keyBytes);
    return true;
  }

  /** The session has stored the value, or tried to. */
  completed(): void {
    if (this.#isKeyHere) this.#cluster.seat.changed(this.#key, 0, this.#keyBytes);
  }

  abandon(): void {
    this.wantedBytes = 0;
    this.#awaited?.leave(this.#wake);
    this.gets.abandon();
    this.replies.abandon();
  }

  get #isKeyHere(): boolean {
    return this.#cluster.seat.locate(this.#key, 0, this.#keyBytes) === PLACE.here;
  }

  #changing(request: Request): void {
    const { keySource, firstKey } = request;
    const [start, end] = [request.keyStart(firstKey), request.keyEnd(firstKey)];
    this.#cluster.seat.changing(keySource, start, end);
  }

  #routeOther(request: Request, lineAt: number): boolean {
    const { verb } = request;
    const isFlush = verb === VERB.flush && this.#context.flushAllowed;
    if (!isFlush && verb !== VERB.watch) return true;
    if (!this.replies.isEmpty) {
      this.#drains = true;
      this.at = lineAt;
      return false;
    }
    return isFlush ? this.#flush(request) : true;
  }

  /** The requests behind it must not see items that it flushes. */
  #flush(request: Request): boolean {
    const { seat, late } = this.#cluster;
    this.#context.store.counters.add(COUNT.flush_cmds);
    const facts = replyFacts(request);
    const entry = this.replies.pend();
    this.#drains = true;
    seat.flushAll(request.exptime, (error) => {
      const reply = error === undefined ? late.done(facts) : late.failure(facts, error);
      this.replies.settle(entry, reply, true);
    });
    return false;
  }

  /** Sends a request with its value to another node, once it is complete. */
  #send(request: Request, role: Role, member: number, lineAt: number, end: number): boolean {
    const bytes = bodyBytes(request);
    const isTooLarge = this.at - lineAt + bytes > FORWARDED_BYTES_MAX;
    if (!isTooLarge && this.at + bytes > end) {
      this.wantedBytes = this.at - lineAt + bytes;
      this.at = lineAt;
      return false;
    }
    // Without its value the request gets the refusal of a value of that size.
    const requestEnd = isTooLarge ? this.at : this.at + bytes;
    if (!this.#run?.add(member, request, role, lineAt, requestEnd)) {
      this.sendRun();
      const budget = this.#cluster.budgets.of(member);
      if (!budget.admits(requestEnd - lineAt)) return this.#await(budget, lineAt);
      const bounds = [lineAt, requestEnd] as const;
      this.#run = new ForwardedRequests(
        member,
        request,
        role,
        this.replies,
        this.#cluster,
        ...bounds,
      );
      this.#input = request.input;
    }
    this.at = requestEnd;
    if (isTooLarge) this.skipBytes = bytes;
    return false;
  }

  /** The request stays in the connection until others have left. */
  #await(budget: ForwardBudget, lineAt: number): boolean {
    this.at = lineAt;
    this.#awaited = budget;
    budget.wait(this.#wake);
    return false;
  }

  #refuse(request: Request, error: CodedError): boolean {
    const entry = this.replies.pend();
    this.replies.settle(entry, this.#cluster.late.failure(replyFacts(request), error), true);
    this.skipBytes = bodyBytes(request);
    return false;
  }
}

/** The bytes of the value behind a request, with its trailer. */
function bodyBytes({ verb, dialect, valueBytes }: Request): number {
  if (!isStorage(verb)) return 0;
  return dialect === DIALECT.binary ? valueBytes : valueBytes + CRLF_BYTES;
}
