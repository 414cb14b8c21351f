import type { SequenceNumber } from '../../protocol/peer.ts';
import type { ClusterTopology } from '../../topology/index.ts';
import { mayRun, type PeerIdentity, peerKey } from './adopted.ts';
import type { Timers } from './timers.ts';

/** The time before each try to finish a flush. */
const FINISH_MS = 200;

interface HeardFlush {
  readonly peer: PeerIdentity;
  readonly sequence: SequenceNumber;
}

interface BegunFlushesParts {
  readonly timers: Timers;
  /** Has all members hide up to this number; false or an error: perhaps not all do. */
  hide(sequence: SequenceNumber): Promise<boolean>;
}

/**
 * Flushes that not all members may know of. A member that hides up to a number must not be alone
 * with it: it would hide what a primary that has not flushed draws below that number, so later
 * changes would have no copy. So the node of a flush that has failed goes on until all members hide
 * as much. Once its process has ended, each member that has heard of its flushes does so instead.
 */
export class BegunFlushes {
  readonly #parts: BegunFlushesParts;
  /** The last flush of each other member. */
  readonly #heard = new Map<string, HeardFlush>();
  /** The highest number up to which this member must have all others hide. */
  #unfinished: SequenceNumber | undefined;
  #timer: { cancel(): void } | undefined;
  #isEnded = false;

  constructor(parts: BegunFlushesParts) {
    this.#parts = parts;
  }

  /** Goes on until all members hide up to this number. */
  finish(sequence: SequenceNumber): void {
    this.#unfinished = higherSequence(this.#unfinished ?? sequence, sequence);
    this.#plan();
  }

  /** This member hides up to this number for a flush of another one. */
  heard({ name, incarnation }: PeerIdentity, sequence: SequenceNumber): void {
    const peer = { name, incarnation };
    const before = this.#heard.get(peerKey(peer))?.sequence ?? sequence;
    this.#heard.set(peerKey(peer), { peer, sequence: higherSequence(before, sequence) });
  }

  /** A member that is not up in this topology finishes nothing any more. */
  follow(topology: ClusterTopology): void {
    for (const [key, { peer, sequence }] of this.#heard) {
      if (mayRun(topology, peer)) continue;
      this.#heard.delete(key);
      this.finish(sequence);
    }
  }

  end(): void {
    this.#isEnded = true;
    this.#timer?.cancel();
  }

  #plan(): void {
    if (this.#unfinished === undefined || this.#isEnded) return;
    this.#timer ??= this.#parts.timers.setTimer(() => void this.#try(), FINISH_MS);
  }

  async #try(): Promise<void> {
    const sequence = this.#unfinished!;
    const isDone = await this.#parts.hide(sequence).catch(() => false);
    if (isDone && sequence === this.#unfinished) this.#unfinished = undefined;
    this.#timer = undefined;
    this.#plan();
  }
}

/** The first one, if they are equal. */
export function higherSequence(one: SequenceNumber, other: SequenceNumber): SequenceNumber {
  const isHigher = other.high > one.high || (other.high === one.high && other.low > one.low);
  return isHigher ? other : one;
}
