import { isSameMachine, sameNodes } from './diff.ts';
import type { Distribution, RingKey } from './ring/distribution.ts';
import type { KnownNode } from './topology.ts';

/** A list of nodes and the distribution of keys over them. */
export interface Placement {
  readonly nodes: readonly KnownNode[];
  readonly distribution: Distribution;
}

/** A placement that was replaced, and how long the client still asks its owners. */
export interface PreviousPlacement extends Placement {
  /** On the monotonic clock, milliseconds. */
  readonly graceEndsAtMs: number;
}

/**
 * Placements remembered at once, each only once. There may be several, because a cluster that grows
 * node by node changes more often than once per grace; a node that comes and goes must not displace
 * the other placements.
 */
const PLACEMENTS_MAX = 4;

/** Adds `replaced` to the previous placements, newest first, and drops the oldest. */
export function recordPlacement(
  previousPlacements: readonly PreviousPlacement[],
  replaced: Placement,
  nowMs: number,
  graceSeconds: number,
): readonly PreviousPlacement[] {
  if (!(graceSeconds > 0)) return [];
  const newest: PreviousPlacement = { ...replaced, graceEndsAtMs: nowMs + graceSeconds * 1000 };
  const older = previousPlacements.filter(({ nodes, graceEndsAtMs }) => {
    return graceEndsAtMs > nowMs && !sameNodes(nodes, replaced.nodes);
  });
  return [newest, ...older].slice(0, PLACEMENTS_MAX);
}

/**
 * The previous owners of `key`, which may still hold it after a change of the topology: indexes of
 * `current.nodes`, newest placement first, without the present owner. Empty if the grace has
 * passed, if the key did not move, and if its previous owner left or is another machine now (and so
 * empty). With several `replicas`, "owner" means each node that holds a replica.
 *
 * A write or a delete of the key must also delete it at these nodes: otherwise a later miss brings
 * back the stale value.
 */
export function previousOwners(
  key: RingKey,
  current: Placement,
  previousPlacements: readonly PreviousPlacement[],
  nowMs: number,
  replicas = 1,
): readonly number[] {
  if (previousPlacements.length === 0) return NONE;
  const owners = current.distribution.ownersOf(key, replicas);
  const found: number[] = [];
  for (const { nodes, distribution, graceEndsAtMs } of previousPlacements) {
    if (graceEndsAtMs <= nowMs) continue;
    for (const previousIndex of distribution.ownersOf(key, replicas)) {
      const at = currentIndexOf(nodes[previousIndex]!, current.nodes);
      if (at !== undefined && !owners.includes(at) && !found.includes(at)) found.push(at);
    }
  }
  return found;
}

const NONE: readonly number[] = [];

function currentIndexOf(node: KnownNode, nodes: readonly KnownNode[]): number | undefined {
  const at = nodes.findIndex(({ name }) => name === node.name);
  return at >= 0 && isSameMachine({ before: node, after: nodes[at]! }) ? at : undefined;
}
