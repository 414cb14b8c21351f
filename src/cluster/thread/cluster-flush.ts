import { CodedError } from '../../base/index.ts';
import {
  type FlushPhase,
  Frame,
  KIND,
  PEER_STATUS,
  putFlush,
  putSequence,
  readFlush,
  readSequence,
  type SequenceNumber,
} from '../../protocol/peer.ts';
import type { ItemCopies, StoreTime } from '../../store/index.ts';
import type { PeerPayload } from '../peers/frame-output.ts';
import { mayRun, type PeerIdentity, peersOf } from './adopted.ts';
import type { Handover } from './handover.ts';
import type { FrameSource } from './state-service.ts';
import type { Timers } from './timers.ts';
import type { TopologyView } from './topology-view.ts';

const RETRY_MS = 50;
const FLUSH_MS_MAX = 5000;
/** How often a flush starts again because the topology has changed. */
const ROUNDS_MAX = 5;
/** An `exptime` above this is a Unix time. */
const RELATIVE_SECONDS_MAX = 30 * 24 * 3600;
const TIMER_MS_MAX = 2 ** 31 - 1;

/** What a flush uses of a link. */
interface FlushLink {
  send(
    kind: typeof KIND.flush,
    version: number,
    payload: PeerPayload,
    settle: (reply: Frame | CodedError) => void,
  ): void;
}

interface ClusterFlushParts {
  readonly copies: Pick<ItemCopies, 'sequence' | 'flushUpTo'>;
  readonly clock: StoreTime;
  readonly timers: Timers;
  readonly view: TopologyView;
  readonly handover: Pick<Handover, 'isOver'>;
  /** Whether other threads of this node may follow a newer topology already. */
  isAdopting(): boolean;
  linkTo(peer: PeerIdentity): FlushLink | undefined;
}

type Settle = (error?: CodedError) => void;

/** What members have answered: the highest sequence number, and the newest topology. */
interface Answer {
  readonly sequence: SequenceNumber;
  readonly version: number;
}

/**
 * Flushes all members at one sequence number. In the first phase each member hides all that it has,
 * and tells its sequence number; in the second one each hides all items up to the highest. An item
 * has the same number at all its holders, so a state that is on the way while its receiver flushes
 * is hidden or visible there as at its primary, and all later writes get higher numbers.
 *
 * Without the first hiding, an increment between the phases would give an old item a number above
 * the highest.
 *
 * All that happens in one topology, by all threads of all members: else a member that this node
 * does not know would keep what it got from one that does.
 */
export class ClusterFlush {
  readonly #parts: ClusterFlushParts;
  #pending: { cancel(): void } | undefined;

  constructor(parts: ClusterFlushParts) {
    this.#parts = parts;
  }

  /** `exptime` is that of a client; a flush in the future replaces the one before. */
  flushAll(exptime: number, settle: Settle): void {
    const delayMs = 1000 * this.#delaySeconds(exptime);
    this.#pending?.cancel();
    this.#pending = undefined;
    if (delayMs === 0) this.#flush(settle);
    else {
      this.#schedule(delayMs);
      settle();
    }
  }

  /** Answers a peer that flushes. */
  receive(frame: Frame, from: FrameSource): void {
    const { view, isAdopting } = this.#parts;
    if (!isAdopting()) this.#answer(frame, from);
    else {
      const kept = frame.copy();
      view.whenAdopted(view.version + 1, (isAdopted) => {
        if (isAdopted) this.#answer(kept, from);
        else from.reply(kept.id, PEER_STATUS.failed, view.version);
      });
    }
  }

  #answer(frame: Frame, from: FrameSource): void {
    const { copies, view } = this.#parts;
    const { phase, sequence } = readFlush(frame);
    const own = copies.sequence();
    const { high, low } = phase === 1 ? own : sequence;
    copies.flushUpTo(high, low);
    from.reply(frame.id, PEER_STATUS.ok, view.version, (sink) => putSequence(sink, own));
  }

  end(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
  }

  #delaySeconds(exptime: number): number {
    const { clock } = this.#parts;
    if (exptime <= RELATIVE_SECONDS_MAX) return Math.max(0, exptime);
    return Math.max(0, exptime - clock.epoch() - clock.now());
  }

  #schedule(delayMs: number): void {
    const stepMs = Math.min(delayMs, TIMER_MS_MAX);
    this.#pending = this.#parts.timers.setTimer(() => {
      this.#pending = undefined;
      if (stepMs < delayMs) this.#schedule(delayMs - stepMs);
      else this.#flush(() => {});
    }, stepMs);
  }

  #flush(settle: Settle): void {
    this.#begin().then(
      () => settle(),
      (error: unknown) => settle(error instanceof CodedError ? error : failedError('a peer')),
    );
  }

  /** Before its first topology the node knows none of those that have items. */
  async #begin(): Promise<void> {
    const isMember = await new Promise((resolve) => this.#parts.view.whenAdopted(1, resolve));
    if (isMember !== true) throw notYetError();
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      if (await this.#run()) return this.#handedOver();
    }
    throw failedError('that has joined');
  }

  /** Whether all members have answered by the topology with which the round began. */
  async #run(): Promise<boolean> {
    const { copies, view, isAdopting } = this.#parts;
    const { version } = view;
    const own = copies.sequence();
    copies.flushUpTo(own.high, own.low);
    const first = await this.#ask(1, own);
    const { high, low } = first.sequence;
    copies.flushUpTo(high, low);
    const second = await this.#ask(2, first.sequence);
    const newest = Math.max(first.version, second.version, version + (isAdopting() ? 1 : 0));
    if (newest > view.version) await this.#adopted(newest);
    return view.version === version;
  }

  async #adopted(version: number): Promise<void> {
    const { view } = this.#parts;
    const isAdopted = await new Promise((resolve) => view.whenAdopted(version, resolve));
    if (isAdopted !== true) throw lateError();
  }

  /** A member that has gone did not flush, and may answer with its items until its right ends. */
  async #handedOver(): Promise<void> {
    const { handover, timers } = this.#parts;
    const untilMs = timers.nowMs() + FLUSH_MS_MAX;
    while (!handover.isOver) {
      if (timers.nowMs() >= untilMs) throw failedError('that has gone');
      await new Promise<void>((resolve) => timers.setTimer(() => resolve(), RETRY_MS));
    }
  }

  /** Asks all peers. */
  async #ask(phase: FlushPhase, sequence: SequenceNumber): Promise<Answer> {
    const { view, timers } = this.#parts;
    const own = { sequence, version: view.version };
    const untilMs = timers.nowMs() + FLUSH_MS_MAX;
    const peers = view.current === undefined ? [] : peersOf(view.current);
    const replies = peers.map((peer) => this.#askPeer(peer, phase, own, untilMs));
    return (await Promise.all(replies)).reduce(higher, own);
  }

  async #askPeer(
    peer: PeerIdentity,
    phase: FlushPhase,
    own: Answer,
    untilMs: number,
  ): Promise<Answer> {
    const { timers, view } = this.#parts;
    for (;;) {
      const reply = await this.#send(peer, phase, own.sequence);
      if (reply !== undefined) return reply;
      const { current } = view;
      if (current === undefined || !mayRun(current.topology, peer)) return own;
      if (timers.nowMs() >= untilMs) throw failedError(peer.name);
      await new Promise<void>((resolve) => timers.setTimer(() => resolve(), RETRY_MS));
    }
  }

  /** Undefined if the peer has not answered. */
  #send(
    peer: PeerIdentity,
    phase: FlushPhase,
    sequence: SequenceNumber,
  ): Promise<Answer | undefined> {
    const { linkTo, view } = this.#parts;
    const link = linkTo(peer);
    if (link === undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      link.send(
        KIND.flush,
        view.version,
        (sink) => putFlush(sink, phase, sequence),
        (reply) => {
          const isOk = reply instanceof Frame && reply.flags === PEER_STATUS.ok;
          resolve(isOk ? { sequence: readSequence(reply), version: reply.version } : undefined);
        },
      );
    });
  }
}

function higher(one: Answer, other: Answer): Answer {
  const [a, b] = [one.sequence, other.sequence];
  const isHigher = b.high > a.high || (b.high === a.high && b.low > a.low);
  return { sequence: isHigher ? b : a, version: Math.max(one.version, other.version) };
}

function failedError(name: string): CodedError {
  const text = `The member ${name} has not flushed its items in time; the others have.`;
  return new CodedError('ERR_FLUSH', `${text} Send flush_all again.`);
}

function notYetError(): CodedError {
  const text = 'This node is no member of the cluster yet, so nothing was flushed.';
  return new CodedError('ERR_FLUSH', `${text} Send flush_all again.`);
}

function lateError(): CodedError {
  const text = 'This node does not know the newest members of the cluster: they have not flushed.';
  return new CodedError('ERR_FLUSH', `${text} Send flush_all again.`);
}
