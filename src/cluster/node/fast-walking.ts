import type { AccessBand } from './access-bands.ts';

/** What becomes of an item that is not put among the states of a set of receivers. */
export type ItemVerdict = 'keep' | 'drop' | 'markCopy' | 'markOwn';

/** The keys up to a point of the ring, after those of the arc before. */
interface WalkArc {
  readonly last: number;
  readonly action: ItemVerdict | number;
}

/** The fast path of a thread that serves no clients: see FastWalk. */
export interface FastWalking {
  readonly isFull: boolean;
  begin(arcs: readonly WalkArc[], sets?: number): boolean;
  step(first: number, last: number, groups: number, band?: AccessBand): number;
  countOf(set: number): number;
  take(set: number): Buffer;
}

/** Arcs next to each other with the same action become one. */
export function mergedArcs(arcs: Iterable<WalkArc>): readonly WalkArc[] {
  const merged: WalkArc[] = [];
  for (const arc of arcs) {
    if (merged.at(-1)?.action === arc.action) merged.pop();
    merged.push(arc);
  }
  return merged;
}
