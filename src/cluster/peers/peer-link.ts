import { assert, type CodedError, type Logger } from '../../base/index.ts';
import { type Frame, KIND, type RequestKind } from '../../protocol/peer.ts';
import type { Transport } from '../../server/index.ts';
import { FrameOutput, type PeerPayload } from './frame-output.ts';
import { checkIdentity, type PeerIdentity } from './identity.ts';
import { LinkConnection } from './link-connection.ts';
import { LinkErrors } from './link-errors.ts';
import type { LinkTarget } from './link-handshake.ts';
import type { PeerMachine, PeerTimer } from './machine.ts';
import { CONTROL_FRAMES, LINK_LIMITS, type LinkLimits } from './peer-limits.ts';
import { type Settle, WAITING_REPLIES_MAX, WaitingReplies } from './waiting-replies.ts';

const DATA_KINDS: ReadonlySet<number> = new Set([KIND.forward, KIND.states, KIND.fill]);

/** A request times out after so many ticks, or one more. */
const TICKS_PER_REPLY = 4;
/** A delay is up to this part shorter, so that threads do not connect at the same moment. */
const JITTER = 0.5;
const DOUBLINGS_MAX = 16;
/** A peer whose process ends is no fault: within this time the topology says that it is away. */
const UNTOLD_MS = 1000;

interface LinkDeps {
  readonly machine: PeerMachine;
  readonly log: Logger;
  readonly limits?: Partial<LinkLimits>;
  /** The link is up, for the first time or again. */
  readonly onUp?: () => void;
  /** The connection is lost, or an attempt to connect has failed. */
  readonly onDown?: (error: CodedError) => void;
}

/**
 * The connection of a thread to one other member. All requests of one turn of the event loop leave
 * in one write, and their replies come in any order. Requests that are sent while it connects wait
 * for the connection. If that fails, they fail, later ones fail at once, and the link tries again
 * after a delay, until it is closed.
 */
export class PeerLink {
  readonly target: LinkTarget;
  readonly #identity: PeerIdentity;
  readonly #deps: LinkDeps;
  readonly #limits: LinkLimits;
  readonly #errors: LinkErrors;
  readonly #full: CodedError;
  readonly #waiting = new WaitingReplies();
  readonly #output = new FrameOutput();
  #connection: LinkConnection | undefined;
  #state: 'connecting' | 'up' | 'down' | 'closed' = 'connecting';
  /** Why it is down or closed. */
  #error: CodedError;
  #failedAttempts = 0;
  /** Since when the link is not up. */
  #downMs: number;
  /** Whether the log says that the link is not up. */
  #isTold = false;
  #retry: PeerTimer | undefined;
  #isFlushPlanned = false;
  /** Called before the next flush. */
  #late: (() => void)[] = [];
  /** Time, as far as replies need it; it stands still while no request waits. */
  #tick = 0;
  /** The tick of the last bytes from the peer. */
  #heardTick = 0;
  #ticker: PeerTimer | undefined;

  /** Starts to connect. */
  constructor(target: LinkTarget, identity: PeerIdentity, deps: LinkDeps) {
    checkIdentity(identity);
    this.target = target;
    this.#identity = identity;
    this.#deps = deps;
    this.#limits = { ...LINK_LIMITS, ...deps.limits };
    const requestsMax = this.#limits.framesMax + CONTROL_FRAMES;
    assert(requestsMax <= WAITING_REPLIES_MAX, 'a link has ids for all its requests');
    this.#errors = new LinkErrors(target);
    this.#full = this.#errors.full();
    this.#error = this.#full;
    this.#downMs = deps.machine.nowMs();
    this.#connect();
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Bytes of requests that the kernel has not taken. */
  get backlogBytes(): number {
    return this.#output.backlogBytes;
  }

  /** Requests without a reply. */
  get waitingCount(): number {
    return this.#waiting.count;
  }

  /**
   * Sends a request; `settle` is called once, and never before this call returns. The reply is
   * valid only during that call. After these errors the peer has certainly not executed it:
   * `ERR_PEER_DOWN`, `ERR_PEER_FULL`, `ERR_PEER_TOO_LARGE`, `ERR_PEER_CLOSED`; after these it may
   * have, or still execute it: `ERR_PEER_LOST`, `ERR_PEER_TIMEOUT`.
   */
  send(kind: RequestKind, version: number, payload: PeerPayload | undefined, settle: Settle): void {
    const refusal = this.#refusalOf(kind);
    if (refusal !== undefined) {
      this.#deps.machine.soon(() => settle(refusal));
      return;
    }
    const id = this.#waiting.reserve(settle, this.#tick, this.#output.writes);
    let bytes = 0;
    try {
      bytes = this.#output.put(kind, 0, id, version, payload);
    } finally {
      if (bytes === 0) this.#waiting.take(id);
    }
    if (bytes === 0) {
      const error = this.#errors.tooLarge();
      this.#deps.machine.soon(() => settle(error));
      return;
    }
    this.#waiting.setBytes(id, bytes);
    if (!this.#isFlushPlanned) this.#planFlush();
    if (this.#ticker === undefined) this.#startTick();
  }

  /**
   * Calls `send` once, at the end of this turn and before the flush, to send requests; also if the
   * link is down or closed.
   */
  beforeFlush(send: () => void): void {
    this.#late.push(send);
    if (!this.#isFlushPlanned) this.#planFlush();
  }

  /** Closes the connection for good; requests without a reply fail. */
  close(reason = 'this node has closed it'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#error = this.#errors.closed(reason);
    this.#retry?.cancel();
    this.#disconnect(reason, this.#error);
  }

  #refusalOf(kind: RequestKind): CodedError | undefined {
    if (this.#state === 'down' || this.#state === 'closed') return this.#error;
    const { framesMax, bytesMax } = this.#limits;
    const { count, bytes } = this.#waiting;
    if (count < framesMax && bytes < bytesMax && this.#output.sink.at < bytesMax) return undefined;
    const isControl = !DATA_KINDS.has(kind);
    return isControl && count < framesMax + CONTROL_FRAMES ? undefined : this.#full;
  }

  #connect(): void {
    this.#state = 'connecting';
    const { machine } = this.#deps;
    this.#connection = new LinkConnection(
      this.target,
      this.#identity,
      machine,
      this.#limits.connectMs,
      {
        up: (transport) => this.#up(transport),
        heard: () => {
          this.#heardTick = this.#tick;
        },
        reply: (frame) => this.#reply(frame),
        drained: () => this.#output.drained(),
        lost: (reason, isEnd) => this.#lost(reason, isEnd),
      },
    );
  }

  #up(transport: Transport): void {
    this.#state = 'up';
    const text = `Connected to the peer ${this.target.name} (${this.target.peerAddress}).`;
    if (this.#isTold) this.#deps.log.info({ peer: this.target.name }, text);
    this.#output.attach(transport);
    this.#output.flush();
    this.#deps.onUp?.();
  }

  #reply(frame: Frame): void {
    this.#failedAttempts = 0;
    // A reply without a request is one that came too late.
    this.#waiting.take(frame.id)?.(frame);
  }

  #lost(reason: string, isEnd: boolean): void {
    const error = this.#errors.down(reason);
    this.#tell(error, isEnd);
    this.#state = 'down';
    this.#error = error;
    this.#retry = this.#deps.machine.setTimer(() => this.#connect(), this.#retryMs());
    this.#failedAttempts++;
    this.#disconnect(reason, error);
    this.#deps.onDown?.(error);
  }

  /** One line for each time without a link. */
  #tell(error: CodedError, isEnd: boolean): void {
    const nowMs = this.#deps.machine.nowMs();
    if (this.#failedAttempts === 0) {
      this.#isTold = false;
      if (this.isUp) this.#downMs = nowMs;
    }
    if (this.#isTold || (isEnd && nowMs - this.#downMs < UNTOLD_MS)) return;
    this.#isTold = true;
    this.#deps.log.warn({ peer: this.target.name }, error.message);
  }

  #retryMs(): number {
    const { retryMs, retryMsMax } = this.#limits;
    const delay = Math.min(
      retryMsMax,
      retryMs * 2 ** Math.min(this.#failedAttempts, DOUBLINGS_MAX),
    );
    return delay * (1 - JITTER * this.#deps.machine.random());
  }

  /** Fails all requests: those that were not written, with `unsent`. */
  #disconnect(reason: string, unsent: CodedError): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#ticker?.cancel();
    this.#ticker = undefined;
    this.#output.detach();
    const { writes } = this.#output;
    const lost = this.#errors.lost(reason);
    this.#waiting.settleUntil(Number.POSITIVE_INFINITY, (write) =>
      write < writes ? lost : unsent,
    );
  }

  #planFlush(): void {
    this.#isFlushPlanned = true;
    this.#deps.machine.soon(() => {
      for (const send of this.#late.splice(0)) send();
      this.#isFlushPlanned = false;
      this.#output.flush();
    });
  }

  #startTick(): void {
    const tickMs = this.#limits.replyMs / TICKS_PER_REPLY;
    this.#ticker = this.#deps.machine.setTimer(() => this.#endTick(), tickMs);
  }

  #endTick(): void {
    this.#ticker = undefined;
    const lastTick = ++this.#tick - TICKS_PER_REPLY - 1;
    const error = this.#errors.timeout(this.#limits.replyMs);
    const late = this.#waiting.settleUntil(lastTick, () => error);
    // A connection without a byte for all this time may be half open: nobody is at its other end.
    if (late > 0 && this.#heardTick <= lastTick && this.#state === 'up') {
      this.#connection?.destroy();
      this.#lost(`it has sent nothing for ${this.#limits.replyMs} ms`, false);
    } else if (this.#waiting.count > 0 && this.#ticker === undefined) this.#startTick();
  }
}
