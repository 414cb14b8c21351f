import type { KnownNode } from '../discovery/discovery.ts';
import { isSameMachine, sameNodes } from '../discovery/topology-diff.ts';
import type { Distribution, RingKey } from './distribution.ts';

/** Nodes, and where keys live on them. */
export interface Placement {
  readonly nodes: readonly KnownNode[];
  readonly distribution: Distribution;
}

/** A placement that was replaced, and how long its nodes are still worth asking. */
export interface FormerPlacement extends Placement {
  /** On the monotonic clock, milliseconds. */
  readonly graceEndsAtMs: number;
}

/**
 * Placements remembered at once, each once: a fleet that grows node by node changes more often
 * than a grace lasts, and a node that comes and goes must not push out the others.
 */
const FORMER_MAX = 4;

/**
 * The former placements after `replaced` has become one; newest first, the oldest are forgotten.
 */
export function rememberPlacement(
  former: readonly FormerPlacement[],
  replaced: Placement,
  nowMs: number,
  graceSeconds: number,
): readonly FormerPlacement[] {
  if (!(graceSeconds > 0)) return [];
  const newest: FormerPlacement = { ...replaced, graceEndsAtMs: nowMs + graceSeconds * 1000 };
  const older = former.filter(({ nodes, graceEndsAtMs }) => {
    return graceEndsAtMs > nowMs && !sameNodes(nodes, replaced.nodes);
  });
  return [newest, ...older].slice(0, FORMER_MAX);
}

/**
 * Where a miss of `key` may still be found after the nodes changed: indexes of `current.nodes`,
 * newest placement first, without the owner. Empty when the grace is over, when the key did not
 * move, and when its previous owner is gone or is another machine by now (which holds nothing).
 * With `copies` of each key all its holders are meant where it says owner.
 *
 * Whoever writes or deletes the key must delete it at these nodes too: else a later miss brings
 * the old value back.
 */
export function previousOwners(
  key: RingKey,
  current: Placement,
  former: readonly FormerPlacement[],
  nowMs: number,
  copies = 1,
): readonly number[] {
  if (former.length === 0) return NONE;
  const owners = current.distribution.ownersOf(key, copies);
  const found: number[] = [];
  for (const { nodes, distribution, graceEndsAtMs } of former) {
    if (graceEndsAtMs <= nowMs) continue;
    for (const before of distribution.ownersOf(key, copies)) {
      const at = indexNow(nodes[before]!, current.nodes);
      if (at !== undefined && !owners.includes(at) && !found.includes(at)) found.push(at);
    }
  }
  return found;
}

const NONE: readonly number[] = [];

function indexNow(node: KnownNode, nodes: readonly KnownNode[]): number | undefined {
  const at = nodes.findIndex(({ name }) => name === node.name);
  return at >= 0 && isSameMachine({ before: node, after: nodes[at]! }) ? at : undefined;
}
