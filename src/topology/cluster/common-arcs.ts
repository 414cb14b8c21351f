import type { Group } from './group-table.ts';
import type { KeyGroups } from './key-groups.ts';

const RING_POINTS = 2 ** 32;

/** Keys that belong to one group in each of two topologies. */
interface CommonArc {
  readonly before: Group;
  readonly after: Group;
  /** The share of all points of the ring, above 0 and at most 1. */
  readonly share: number;
}

/** The arcs of two topologies laid over each other; together they have all keys. */
export function commonArcs(before: KeyGroups, after: KeyGroups): readonly CommonArc[] {
  const bounds = new Set([...before.lasts, ...after.lasts]);
  const lasts = [...bounds].sort((a, b) => a - b);
  let previous = lasts.at(-1)! - RING_POINTS;
  return lasts.map((last) => {
    const share = (last - previous) / RING_POINTS;
    previous = last;
    return { before: before.groupAt(last), after: after.groupAt(last), share };
  });
}
