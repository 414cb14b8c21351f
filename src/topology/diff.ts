import { isDeepStrictEqual } from 'node:util';
import type { KnownNode } from './topology.ts';

/** A node of both topologies, as each describes it. */
interface NodePair {
  readonly before: KnownNode;
  readonly after: KnownNode;
}

/** The change from one topology to the next; each node is in exactly one of the four lists. */
interface TopologyDiff {
  /** The client connects to these nodes. */
  readonly added: readonly KnownNode[];
  /** The client sends these nodes no more operations and closes when pending ones have settled. */
  readonly removed: readonly KnownNode[];
  /** The client keeps the connections. The weight, and with it the share of keys, may differ. */
  readonly kept: readonly NodePair[];
  /**
   * Another machine with the same name: the client connects to it and closes the old connections.
   */
  readonly replaced: readonly NodePair[];
  /** Whether keys may change owner: names, order or weights differ. */
  readonly placementChanged: boolean;
}

/**
 * Compares two topologies by node name. Each list keeps the order of `after` (`removed`: `before`).
 */
export function diffTopology(
  before: readonly KnownNode[],
  after: readonly KnownNode[],
): TopologyDiff {
  const known = new Map(before.map((node) => [node.name, node]));
  const names = new Set(after.map(({ name }) => name));
  const pairs = after.flatMap((node) => {
    const previous = known.get(node.name);
    return previous === undefined ? [] : [{ before: previous, after: node }];
  });
  return {
    added: after.filter(({ name }) => !known.has(name)),
    removed: before.filter(({ name }) => !names.has(name)),
    kept: pairs.filter(isSameMachine),
    replaced: pairs.filter((pair) => !isSameMachine(pair)),
    placementChanged: !isDeepStrictEqual(before.map(placementOf), after.map(placementOf)),
  };
}

/** Whether both topologies have the same nodes, machines, order and weights. */
export function sameNodes(before: readonly KnownNode[], after: readonly KnownNode[]): boolean {
  const { added, removed, replaced, placementChanged } = diffTopology(before, after);
  return added.length + removed.length + replaced.length === 0 && !placementChanged;
}

/** Whether the name denotes the same machine. A missing address proves no difference. */
export function isSameMachine({ before, after }: NodePair): boolean {
  if (!isDeepStrictEqual(before.connect, after.connect)) return false;
  return before.ip === undefined || after.ip === undefined || before.ip === after.ip;
}

function placementOf({ ringName, weight }: KnownNode): readonly [string, number] {
  return [ringName, weight];
}
