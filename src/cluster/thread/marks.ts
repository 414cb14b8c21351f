import { type Adopted, mayRun, type PeerIdentity, peerKey } from './adopted.ts';

/** What the mark of a peer says: it has finished all changes of topologies before `version`. */
export interface Mark extends PeerIdentity {
  readonly version: number;
  /** The last version at which all its receivers had all items; 0 for none. */
  readonly complete: number;
}

/** The newest mark of each incarnation. */
export class Marks {
  readonly #marks = new Map<string, Mark>();

  /** Whether the mark is newer than what was known. */
  add(mark: Mark): boolean {
    const key = peerKey(mark);
    if ((this.#marks.get(key)?.version ?? -1) >= mark.version) return false;
    this.#marks.set(key, mark);
    return true;
  }

  /** Takes all marks of another one. */
  addAll(marks: readonly Mark[]): void {
    for (const mark of marks) this.add(mark);
  }

  /** The version of the newest mark of a peer; 0 for none. */
  versionOf(peer: PeerIdentity): number {
    return this.#marks.get(peerKey(peer))?.version ?? 0;
  }

  /** The version at which the peer last was complete, as far as its mark says; 0 for none. */
  completeOf(peer: PeerIdentity): number {
    return this.#marks.get(peerKey(peer))?.complete ?? 0;
  }

  get list(): readonly Mark[] {
    return [...this.#marks.values()];
  }

  /** Drops the marks of peers that run in none of these topologies, of which the first is new. */
  prune(adopted: readonly Adopted[]): void {
    const newest = adopted[0]?.topology.version ?? 0;
    for (const [key, mark] of this.#marks) {
      const isAhead = mark.version > newest;
      const isKnown = adopted.some(({ topology }) => mayRun(topology, mark));
      if (!isAhead && !isKnown) this.#marks.delete(key);
    }
  }
}
