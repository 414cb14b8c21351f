import { finishedTopology, STATE_RULES } from '../../topology/index.ts';
import {
  type Adopted,
  adoptedBy,
  indexOfPeer,
  mayRun,
  type PeerIdentity,
  peerKey,
} from '../thread/adopted.ts';
import { boundsOf, holds } from '../thread/roles.ts';

interface Lost {
  readonly peer: PeerIdentity;
  /** Those that do not reach it. */
  readonly threads: Set<number>;
}

/** The members that this one does not reach, and what must wait for them. */
export class LostReceivers {
  /** By `peerKey`. */
  readonly #peers = new Map<string, Lost>();
  #now: Adopted | undefined;
  /** Whether members that are filled must wait: see `servesWithout`. */
  isBlocking = false;

  get names(): readonly string[] {
    return [...this.#peers.values()].map(({ peer }) => peer.name);
  }

  /**
   * A thread does not reach the peer, or does again. Returns whether that is news: a peer is back
   * once all threads reach it.
   */
  reached({ name, incarnation }: PeerIdentity, isReached: boolean, thread: number): boolean {
    const key = peerKey({ name, incarnation });
    const known = this.#peers.get(key);
    const lost = known ?? { peer: { name, incarnation }, threads: new Set() };
    if (isReached) lost.threads.delete(thread);
    else lost.threads.add(thread);
    if (lost.threads.size === 0) this.#peers.delete(key);
    else this.#peers.set(key, lost);
    this.#look();
    return this.#peers.has(key) !== (known !== undefined);
  }

  /** Members that are up no more, or are other processes, are missed by nobody. */
  follow(now: Adopted): void {
    this.#now = now;
    for (const [key, { peer }] of this.#peers) {
      if (!mayRun(now.topology, peer)) this.#peers.delete(key);
    }
    this.#look();
  }

  #look(): void {
    const now = this.#now;
    const lost = [...this.#peers.values()].map(({ peer }) => peer);
    this.isBlocking = lost.length > 0 && (now === undefined || !servesWithout(now, lost));
  }
}

/**
 * Whether other members that are filled may serve though receivers are lost, which lack changes of
 * this member: if it remains the primary of all keys that a lost one still holds then. Otherwise a
 * new primary would not know what they lack. While members are away (down, gone or filled), a lost
 * one keeps its process, because it may alone have some keys: if the change that brings others back
 * waited for it, nothing would ever follow.
 */
function servesWithout(now: Adopted, lost: readonly PeerIdentity[]): boolean {
  const { topology, self } = now;
  const isAway = topology.members.some(({ state }) => {
    return STATE_RULES[state].inRing && !STATE_RULES[state].answers;
  });
  const own = topology.members[self];
  if (!isAway || own === undefined || !STATE_RULES[own.state].answers) return false;
  const next = adoptedBy(finishedTopology(topology), own);
  return lost.every((peer) => {
    const [before, after] = [now, next].map((one) => indexOfPeer(one.topology, peer));
    for (const point of boundsOf([now, next])) {
      const { primary, receivers } = now.groups.groupAt(point);
      if (primary !== self || !receivers.includes(before!)) continue;
      const group = next.groups.groupAt(point);
      if (group.primary !== next.self && holds(group, after!)) return false;
    }
    return true;
  });
}
