import type { ClusterTopology } from '../../topology/index.ts';
import { isSame, type PeerIdentity, peerKey } from '../thread/adopted.ts';
import { isOutvoted, type Votes } from './votes.ts';

/** What a member replies to a question for a grant. */
export interface Answer {
  readonly isPromised: boolean;
  /** The version of the topology that it makes promises by. */
  readonly adopted: number;
  /** All that it promised to members that have gone by this version has run out. */
  readonly released: number;
}

/** A member that has gone, and that others may still promise something. */
interface Gone {
  readonly process: PeerIdentity;
  /** The first version in which it is not up. */
  readonly version: number;
}

interface GoneMembersParts {
  readonly self: PeerIdentity;
  readonly grantMs: number;
  readonly votes: Votes;
  readonly nowMs: () => number;
  /** See `Answer`: that of this node. */
  readonly released: () => number;
  /** `running` has changed. */
  readonly runningChanged: () => void;
}

/** Topologies that a member may follow that did not hear of newer ones. */
const PAST_MAX = 64;

/** Members that the topology says have gone, until none of them can have the right to answer. */
export class GoneMembers {
  readonly #parts: GoneMembersParts;
  /** The topologies before, in their order; the oldest ones may be missing. */
  #past: readonly ClusterTopology[] = [];
  #isPastCut = false;
  #gone: readonly Gone[] = [];
  /** What other members have replied last. */
  readonly #answers = new Map<string, Answer>();
  /** The processes that have ended, and when the membership has said so. */
  readonly #ended = new Map<string, number>();
  readonly #waiters: (() => void)[] = [];
  #isClosed = false;

  constructor(parts: GoneMembersParts) {
    this.#parts = parts;
  }

  /** The members that have gone and that may still answer. */
  get running(): readonly PeerIdentity[] {
    return this.#gone.map(({ process }) => process);
  }

  /** Resolves when none of them can answer, or when the grants are closed. */
  stopped(): Promise<void> {
    if (this.#gone.length === 0 || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** The topology after `before` is `now`, in which these members are not up any more. */
  add(
    gone: readonly PeerIdentity[],
    before: ClusterTopology | undefined,
    now: ClusterTopology,
  ): void {
    if (before !== undefined) this.#remember(before);
    const { version } = now;
    this.#gone = [...this.#gone, ...gone.map((process) => ({ process, version }))];
    this.#forgetOthers(now);
  }

  answered(member: PeerIdentity, answer: Answer): void {
    this.#answers.set(peerKey(member), answer);
  }

  /** The newest topology that the process of a member has said it follows; 0 for none. */
  adoptedOf(member: PeerIdentity): number {
    return this.#answers.get(peerKey(member))?.adopted ?? 0;
  }

  /** The process of a member has ended. */
  ended(member: PeerIdentity): void {
    const key = peerKey(member);
    if (!this.#ended.has(key)) this.#ended.set(key, this.#parts.nowMs());
  }

  /** Drops the members that have lost their right to answer. */
  review(): void {
    const running = this.#gone.filter((gone) => !this.#isStopped(gone));
    if (running.length === this.#gone.length) return;
    this.#gone = running;
    this.#parts.runningChanged();
    if (running.length === 0) this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #isStopped({ process, version }: Gone): boolean {
    if (this.#ended.has(peerKey(process))) return true;
    return isOutvoted(process, {
      past: this.#past,
      isCut: this.#isPastCut,
      known: this.adoptedOf(process),
      votes: this.#parts.votes,
      isReleased: (voter) => this.#isReleased(voter, version),
    });
  }

  /** Whether a member promises nothing to those that have gone by this version. */
  #isReleased(voter: PeerIdentity, version: number): boolean {
    const { self, grantMs, nowMs, released } = this.#parts;
    if (isSame(voter, self)) return released() >= version;
    const endedMs = this.#ended.get(peerKey(voter));
    if (endedMs !== undefined && nowMs() >= endedMs + grantMs) return true;
    return (this.#answers.get(peerKey(voter))?.released ?? 0) >= version;
  }

  #remember(topology: ClusterTopology): void {
    this.#past = [...this.#past, topology];
    if (this.#past.length <= PAST_MAX) return;
    this.#past = this.#past.slice(1);
    this.#isPastCut = true;
  }

  #forgetOthers(now: ClusterTopology): void {
    const known = [now, ...this.#past].flatMap(({ members }) => members);
    const keys = new Set([...known, ...this.running].map(peerKey));
    for (const map of [this.#answers, this.#ended]) {
      for (const key of map.keys()) if (!keys.has(key)) map.delete(key);
    }
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
