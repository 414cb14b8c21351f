import { kindOf, TEXT_LOGIN_KIND } from '../../commands/index.ts';
import type { RequestSamples } from './request-samples.ts';
import type { Session } from './session.ts';
import { PAUSE, type Pause, STATE } from './states.ts';

/** A request that the session has begun and not finished. */
interface PendingRequest {
  readonly kind: number;
  readonly weight: number;
  /** The bytes of its body that have not arrived. */
  bytesLeft: number;
  /** The time that the node has had it, before the input that is measured now. */
  earlierMs: number;
}

/**
 * Measures the requests of one connection, if its input is sampled: from the read that completed a
 * request until the kernel has its reply. The time in which the node waits for the client, to send
 * the rest of a value or to read replies, does not count.
 *
 *   read ─▶ serve ─▶ write ─▶ measured     a turn; the session has consumed input[start, at)
 *               └─▶ yield, promise ─▶ …    the clock runs on
 *               └─▶ value incomplete, output blocked ─▶ the clock stops until the client goes on
 */
export class RequestTiming {
  readonly #samples: RequestSamples;
  /** Whether the clock matters: the input is sampled, or a sampled request is pending. */
  #isActive = false;
  #weight = 0;
  /** When the input arrived, later by the time in which the node waited for the client. */
  #sinceMs = 0;
  #stoppedMs = 0;
  #isAnonymous = false;
  #pending: PendingRequest | undefined;

  constructor(samples: RequestSamples) {
    this.#samples = samples;
  }

  /** An input has arrived. */
  begin(session: Session): void {
    const isSampled = this.#samples.takesNext();
    if (!isSampled && this.#pending === undefined) {
      this.#isActive = false;
      return;
    }
    const nowMs = this.#samples.nowMs();
    this.#weight = isSampled ? this.#samples.interval : 0;
    if (isSampled) this.#samples.plan(nowMs);
    this.#isActive = true;
    this.#sinceMs = nowMs;
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
  end(input: Buffer, start: number, session: Session, pause: Pause): void {
    if (!this.#isActive) return;
    const nowMs = this.#samples.nowMs();
    const ms = nowMs - this.#sinceMs;
    const at = this.#endPending(start, session, ms);
    if (this.#weight > 0) this.#measure(input, at, session, ms);
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

  /** Measures the pending request if it is complete; returns where the next request begins. */
  #endPending(start: number, session: Session, ms: number): number {
    const pending = this.#pending;
    if (pending === undefined) return start;
    const consumed = session.at - start;
    const end = start + pending.bytesLeft;
    if (owesReply(session) && consumed <= pending.bytesLeft) {
      pending.bytesLeft -= consumed;
      return session.at;
    }
    this.#samples.answered(pending.kind, pending.earlierMs + ms, pending.weight);
    this.#pending = undefined;
    return end;
  }

  #measure(input: Buffer, start: number, session: Session, ms: number): void {
    if (session.state === STATE.watching) return;
    if (this.#isAnonymous) this.#measureLogin(start, session, ms);
    else this.#measureRequests(input, start, session, ms);
  }

  /** What an anonymous client sends is no request, and is not decoded. */
  #measureLogin(start: number, session: Session, ms: number): void {
    if (session.at === start) return;
    if (owesReply(session)) this.#keep(TEXT_LOGIN_KIND, 0);
    else this.#samples.answered(TEXT_LOGIN_KIND, ms, this.#weight);
  }

  #measureRequests(input: Buffer, start: number, session: Session, ms: number): void {
    const { walk } = this.#samples;
    const end = session.at;
    for (let at = start; ; ) {
      const length = walk.next(input, at, end, session.isText);
      if (length === 0) break;
      at += length;
      const kind = kindOf(walk.request);
      this.#samples.seen(walk.request, this.#weight);
      if (at >= end && owesReply(session)) this.#keep(kind, at - end);
      else this.#samples.answered(kind, ms, this.#weight);
    }
    walk.trim();
  }

  #keep(kind: number, bytesLeft: number): void {
    this.#pending = { kind, weight: this.#weight, bytesLeft, earlierMs: 0 };
  }
}

/** Whether the session has consumed a request, or its first line, that has no complete reply. */
function owesReply({ state, parkedBytes }: Session): boolean {
  // A get that continues later is not consumed.
  return state !== STATE.ready && state !== STATE.watching && parkedBytes === 0;
}
