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
import { BegunFlushes, higherSequence } from './begun-flushes.ts';
import type { Handover } from './handover.ts';
import type { FrameSource } from './state-service.ts';
import type { Timers } from './timers.ts';
import type { TopologyView } from './topology-view.ts';

const RETRY_MS = 50;
const FLUSH_MS_MAX = 5000;
/** How often a flush starts again, because the topology has changed or its number was too low. */
const ROUNDS_MAX = 16;
/** By how much its number is above all that have been drawn, at first, and then more each round. */
const NUMBERS_AHEAD = 2 ** 14;
const MORE_AHEAD = 8;
/** More is above what members draw in a round; only other flushes come between then. */
const MORE_ROUNDS_MAX = 4;
const WORD = 2 ** 32;
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

/** What became of one try to have all members hide up to a number. */
interface HideOutcome {
  /** Whether all have answered by the topology with which it began. */
  readonly isInOneTopology: boolean;
  /** Whether none of them had drawn a higher number before. */
  readonly isAboveAll: boolean;
}

/**
 * Flushes all members at one sequence number. In the first phase each member tells the number that
 * it has drawn last; in the second one each hides all items up to a number above all of these. An
 * item has the same number at all its holders, so a state that is on the way while its receiver
 * flushes is hidden or visible there as at its primary, and all later writes get higher numbers.
 *
 * The number is so far above the others that no member draws it in between: an increment would give
 * an old item a number above it. A member that has drawn it says so, and the flush begins again.
 *
 * A flush that fails, or whose node ends, is finished later: see BegunFlushes.
 *
 * All that happens in one topology, by all threads of all members: else a member that this node
 * does not know would keep what it got from one that does.
 */
export class ClusterFlush {
  readonly #parts: ClusterFlushParts;
  readonly #begun: BegunFlushes;
  #pending: { cancel(): void } | undefined;

  constructor(parts: ClusterFlushParts) {
    this.#parts = parts;
    const hide = async (sequence: SequenceNumber) => (await this.#hide(sequence)).isInOneTopology;
    this.#begun = new BegunFlushes({ timers: parts.timers, hide });
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

  /** The thread has adopted a topology. */
  adopted(): void {
    this.#finishForEnded();
  }

  #answer(frame: Frame, from: FrameSource): void {
    const { copies, view } = this.#parts;
    const { phase, sequence } = readFlush(frame);
    const own = copies.sequence();
    if (phase === 2) {
      copies.flushUpTo(sequence.high, sequence.low);
      this.#begun.heard(from, sequence);
      this.#finishForEnded();
    }
    from.reply(frame.id, PEER_STATUS.ok, view.version, (sink) => putSequence(sink, own));
  }

  #finishForEnded(): void {
    const { current } = this.#parts.view;
    if (current !== undefined) this.#begun.follow(current.topology);
  }

  end(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
    this.#begun.end();
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
    let begun: SequenceNumber | undefined;
    try {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const { sequence } = await this.#ask(1, this.#parts.copies.sequence());
        const ahead = NUMBERS_AHEAD * MORE_AHEAD ** Math.min(round, MORE_ROUNDS_MAX);
        begun = above(sequence, ahead);
        const { isInOneTopology, isAboveAll } = await this.#hide(begun);
        if (isInOneTopology && isAboveAll) return this.#handedOver();
      }
      throw crossedError();
    } catch (error) {
      if (begun !== undefined) this.#begun.finish(begun);
      throw error;
    }
  }

  /** Has all members hide up to this number. */
  async #hide(upTo: SequenceNumber): Promise<HideOutcome> {
    const { copies, view, isAdopting } = this.#parts;
    const { version } = view;
    const others = await this.#ask(2, upTo);
    const highest = higherSequence(others.sequence, copies.sequence());
    copies.flushUpTo(upTo.high, upTo.low);
    const newest = Math.max(others.version, version + (isAdopting() ? 1 : 0));
    if (newest > view.version) await this.#adopted(newest);
    return { isInOneTopology: view.version === version, isAboveAll: highest === upTo };
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
  const sequence = higherSequence(one.sequence, other.sequence);
  return { sequence, version: Math.max(one.version, other.version) };
}

function above({ high, low }: SequenceNumber, ahead: number): SequenceNumber {
  const next = low + ahead;
  return { high: high + Math.floor(next / WORD), low: next % WORD };
}

function failedError(name: string): CodedError {
  const text = `The member ${name} has not flushed its items in time; the others have.`;
  return new CodedError('ERR_FLUSH', `${text} Send flush_all again.`);
}

function crossedError(): CodedError {
  const text = 'Other flushes, or changes of the members, came between each time.';
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
