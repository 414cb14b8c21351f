import { encodeTopology, type SharedGroups } from '../../topology/index.ts';
import type { Adopted, PeerIdentity } from './adopted.ts';
import type { Mark } from './marks.ts';
import { roleChanges } from './roles.ts';

/** What the main thread has computed, which takes longer than a thread that serves may. */
interface AdoptOrder {
  readonly kind: 'adopt';
  readonly topology: string;
  readonly groups: SharedGroups;
  /** Whether this node is the primary of some key no more. */
  readonly losesPrimary: boolean;
}

/**
 * What the main thread orders the threads of its node; each order is answered when it is done. A
 * topology is adopted in steps that all threads take together:
 *
 *   prepare ──▶ adopt ──▶ marks ──▶ decide ──▶ drain ──▶ mark (one thread)
 *                                          └──▶ keep ──▶ (the store is walked) ──▶ clean
 */
export type ThreadOrder =
  /** Hold changes from here on, and send none to receivers. */
  | { readonly kind: 'prepare' }
  /** Answer by this topology, but not yet for keys that another member answered for before. */
  | AdoptOrder
  /**
   * These marks have arrived: take no batch of their senders that is older. All threads know that
   * before one answers for a key of theirs: a write here does not raise the slot of its key.
   */
  | { readonly kind: 'marks'; readonly marks: readonly Mark[] }
  /**
   * All threads have adopted `version`, and know these marks: the keys are decided. Answer with the
   * version if no key of it is undecided, else with 0.
   */
  | {
      readonly kind: 'decide';
      readonly version: number;
      readonly marks: readonly Mark[];
      /** Members that have gone and may still answer. */
      readonly running: readonly PeerIdentity[];
    }
  /** Answer once all changes from before `version` are acknowledged. */
  | { readonly kind: 'drain'; readonly version: number }
  /** Keep what may have to be sent again of keys that this node does not hold: it drops them. */
  | { readonly kind: 'keep' }
  /** Send the mark to all other members, again and again until each has it. */
  | { readonly kind: 'mark'; readonly version: number; readonly complete: number }
  /** All receivers have all items that this node had at `version`. */
  | { readonly kind: 'complete'; readonly version: number }
  /** The store has only what this node holds at `version`, with the right roles. */
  | { readonly kind: 'clean'; readonly version: number }
  /** Ask a peer for a grant; the first thread does, and answers with the reply of the peer. */
  | { readonly kind: 'ping'; readonly name: string; readonly incarnation: number }
  /** Answer the number of the thread in the operating system. */
  | { readonly kind: 'number' };

/** What a thread tells the main thread. */
export type ThreadNotice =
  | ({ readonly kind: 'marked' } & Mark)
  /** A peer asks for a grant; the answer is what this member grants (`Answer`). */
  | { readonly kind: 'ping'; readonly name: string; readonly incarnation: number }
  /** A receiver does not acknowledge in time, or does so again. */
  | {
      readonly kind: 'reached';
      readonly name: string;
      readonly incarnation: number;
      readonly thread: number;
      readonly isReached: boolean;
    };

export function adoptOrder(now: Adopted, before: Adopted | undefined): AdoptOrder {
  const { losesPrimary } = roleChanges(before, now);
  const { topology, groups } = now;
  return { kind: 'adopt', topology: encodeTopology(topology), groups: groups.shared, losesPrimary };
}
