import { KINDS, kindOf, TEXT_LOGIN_KIND } from '../../commands/index.ts';
import type { Request } from '../../protocol/index.ts';
import type { KeyFacts } from './key-facts.ts';
import type { RequestSamples } from './request-samples.ts';
import type { Session } from './session.ts';
import { PAUSE, type Pause, STATE } from './states.ts';

/** A request that the session has begun and not finished. */
interface PendingRequest {
  readonly kind: number;
  readonly weight: number;
  readonly facts: KeyFacts;
  readonly bytesIn: number;
  /** What the connection had sent when the request arrived. */
  readonly sentBefore: number;
  /** The bytes of its body that have not arrived. */
  bytesLeft: number;
  /** The time that the node has had it, before the input that is measured now. */
  earlierMs: number;
}

type AnsweredRequest = Omit<PendingRequest, 'bytesLeft' | 'earlierMs'>;

/** What the connection of a `RequestTiming` knows. */
interface TimedConnection {
  readonly session: Session;
  /** The bytes of replies that it has written. */
  readonly sentBytes: number;
  /** Its slot in the connection table. */
  readonly slot: number;
}

const NO_KEY: KeyFacts = {};
const MS_DIGITS = 3;

/**
 * Measures the requests of one connection, if its input is sampled or the node logs slow requests:
 * from the read that completed a request until the kernel has its reply. The time in which the node
 * waits for the client, to send the rest of a value or to read replies, does not count.
 *
 *   read ─▶ serve ─▶ write ─▶ measured     a turn; the session has consumed input[start, at)
 *               └─▶ yield, promise ─▶ …    the clock runs on
 *               └─▶ reply of another node ─▶ its write ─▶ measured
 *               └─▶ value incomplete, output blocked ─▶ the clock stops until the client goes on
 */
export class RequestTiming {
  readonly #samples: RequestSamples;
  readonly #connection: TimedConnection;
  /** Whether the clock matters for this input, or for a pending request. */
  #isActive = false;
  /** How many requests each one of this input stands for; 0 if it is not sampled. */
  #weight = 0;
  /** The time from which its requests are slow; 0 if none are. */
  #slowMs = 0;
  /** When the input arrived, later by the time in which the node waited for the client. */
  #sinceMs = 0;
  #stoppedMs = 0;
  #sentBefore = 0;
  #isAnonymous = false;
  #pending: PendingRequest | undefined;

  constructor(samples: RequestSamples, connection: TimedConnection) {
    this.#samples = samples;
    this.#connection = connection;
  }

  /** An input has arrived. */
  begin(): void {
    const samples = this.#samples;
    const isSampled = samples.takesNext();
    this.#slowMs = samples.slow.thresholdMs;
    this.#isActive = isSampled || this.#slowMs > 0 || this.#pending !== undefined;
    if (!this.#isActive) return;
    const nowMs = samples.nowMs();
    const { session, sentBytes } = this.#connection;
    this.#weight = isSampled ? samples.interval : 0;
    if (isSampled) samples.plan(nowMs);
    this.#sinceMs = nowMs;
    this.#sentBefore = sentBytes;
    this.#isAnonymous = this.#pending === undefined && session.isAnonymous;
  }

  /** The client has read its replies: the session goes on. */
  resume(): void {
    if (this.#isActive) this.#sinceMs += this.#samples.nowMs() - this.#stoppedMs;
  }

  /**
   * The session has served `input[start, session.at)`, and its output has left. `pause` says why it
   * stopped.
   */
  end(input: Buffer, start: number, pause: Pause): void {
    if (!this.#isActive) return;
    const { session } = this.#connection;
    const nowMs = this.#samples.nowMs();
    const ms = nowMs - this.#sinceMs;
    const at = this.#endPending(start, ms);
    if (this.#weight > 0 || this.#isSlow(ms) || (this.#slowMs > 0 && owesReplies(session))) {
      this.#measure(input, at, ms);
    }
    this.#isAnonymous = this.#pending === undefined && session.isAnonymous;
    if (pause === PAUSE.needInput) {
      if (this.#pending !== undefined) this.#pending.earlierMs += ms;
      this.#isActive = false;
    } else if (pause === PAUSE.outputBlocked) {
      this.#stoppedMs = nowMs;
    }
  }

  /** The connection has closed. */
  abandon(): void {
    this.#pending = undefined;
    this.#isActive = false;
  }

  #isSlow(ms: number): boolean {
    return this.#slowMs > 0 && ms >= this.#slowMs;
  }

  /** Measures the pending request if it is complete; returns where the next request begins. */
  #endPending(start: number, ms: number): number {
    const pending = this.#pending;
    if (pending === undefined) return start;
    const { session } = this.#connection;
    const consumed = session.at - start;
    const end = start + pending.bytesLeft;
    if (owesReply(session) && consumed <= pending.bytesLeft) {
      pending.bytesLeft -= consumed;
      return session.at;
    }
    this.#pending = undefined;
    this.#answered(pending, pending.earlierMs, ms, 1);
    return end;
  }

  #measure(input: Buffer, start: number, ms: number): void {
    const { session } = this.#connection;
    if (session.state === STATE.watching || session.at <= start) return;
    // What an anonymous client sends is no request, and is not decoded.
    if (this.#isAnonymous) this.#complete(undefined, session.at - start, 0, ms, 1);
    else this.#measureRequests(input, start, ms);
    this.#samples.walk.trim();
  }

  #measureRequests(input: Buffer, start: number, ms: number): void {
    const { session } = this.#connection;
    const { walk } = this.#samples;
    const end = session.at;
    const requests = this.#isSlow(ms) ? walk.count(input, start, end, session.isText) : 1;
    for (let at = start; ; ) {
      const length = walk.next(input, at, end, session.isText);
      if (length === 0) return;
      at += length;
      const { request } = walk;
      if (this.#weight > 0) this.#samples.seen(request, this.#weight);
      this.#complete(request, length, at - end, ms, requests);
    }
  }

  /** Measures a consumed request or login, or keeps it if the session owes its reply. */
  #complete(
    request: Request | undefined,
    bytesIn: number,
    bytesLeft: number,
    ms: number,
    requests: number,
  ): void {
    const kind = request === undefined ? TEXT_LOGIN_KIND : kindOf(request);
    const weight = this.#weight;
    const sentBefore = this.#sentBefore;
    if (bytesLeft >= 0 && owesReply(this.#connection.session)) {
      const facts = this.#slowMs > 0 ? this.#factsOf(request) : NO_KEY;
      this.#pending = { kind, weight, facts, bytesIn, sentBefore, bytesLeft, earlierMs: 0 };
      return;
    }
    const facts = this.#mayBeSlow(ms) ? this.#factsOf(request) : NO_KEY;
    this.#answered({ kind, weight, facts, bytesIn, sentBefore }, 0, ms, requests);
  }

  #mayBeSlow(ms: number): boolean {
    return this.#isSlow(ms) || (this.#slowMs > 0 && queuesReplies(this.#connection.session));
  }

  /**
   * The reply to a request is complete, and the kernel has it, unless it waits in a cluster. The
   * node has had the request for `earlierMs` before this input, and for `ms` since.
   */
  #answered(request: AnsweredRequest, earlierMs: number, ms: number, requests: number): void {
    const replies = this.#connection.session.cluster?.replies;
    if (replies === undefined || replies.isEmpty) {
      this.#note(request, earlierMs + ms, this.#slowMs, requests);
      return;
    }
    const [sinceMs, slowMs] = [this.#sinceMs, this.#slowMs];
    replies.whenSent(() => {
      this.#note(request, earlierMs + this.#samples.nowMs() - sinceMs, slowMs, requests);
    });
  }

  #note(request: AnsweredRequest, ms: number, slowMs: number, requests: number): void {
    if (request.weight > 0) this.#samples.answered(request.kind, ms, request.weight);
    if (slowMs > 0 && ms >= slowMs) this.#addSlow(request, ms, requests);
  }

  #factsOf(request: Request | undefined): KeyFacts {
    return request === undefined ? NO_KEY : this.#samples.slow.keyFacts(request);
  }

  #addSlow(request: AnsweredRequest, ms: number, requests: number): void {
    const { kind, facts, bytesIn, sentBefore } = request;
    // The hash of a password is slow on purpose.
    if (KINDS[kind]!.command === 'login') return;
    const { sentBytes, slot } = this.#connection;
    this.#samples.slow.add(() => ({
      command: KINDS[kind]!.command,
      dialect: KINDS[kind]!.dialect,
      ...facts,
      ms: Number(ms.toFixed(MS_DIGITS)),
      bytesIn,
      bytesOut: sentBytes - sentBefore,
      requests,
      address: this.#samples.slow.addressOf(slot),
    }));
  }
}

/** Whether the session has consumed a request, or its first line, that has no complete reply. */
function owesReply({ state, parkedBytes }: Session): boolean {
  // A get that continues later is not consumed.
  return state !== STATE.ready && state !== STATE.watching && parkedBytes === 0;
}

/** In a cluster: whether replies wait for other nodes. */
function queuesReplies({ cluster }: Session): boolean {
  return cluster !== undefined && !cluster.replies.isEmpty;
}

function owesReplies(session: Session): boolean {
  return owesReply(session) || queuesReplies(session);
}
