import { isDeepStrictEqual } from 'node:util';
import type { KnownNode } from './discovery.ts';

/** A node that is in both lists, as each has it. */
export interface NodePair {
  readonly before: KnownNode;
  readonly after: KnownNode;
}

/** What becomes of each node when one list takes the place of another; each node is in one of these. */
export interface TopologyDiff {
  /** To be connected to. */
  readonly added: readonly KnownNode[];
  /** To take no more operations; those in flight may end, then it is closed. */
  readonly removed: readonly KnownNode[];
  /** Its connections stay. The weight, and with it the share of keys, may be another. */
  readonly kept: readonly NodePair[];
  /** Another machine under the same name: new operations go to a new connection, as after a removal. */
  readonly replaced: readonly NodePair[];
  /** Whether keys may have another owner: the names, their order or their weights differ. */
  readonly placementChanged: boolean;
}

/** Compares two lists of nodes by name. The order of each part is that of `after`, or `before`. */
export function diffTopology(
  before: readonly KnownNode[],
  after: readonly KnownNode[],
): TopologyDiff {
  const known = new Map(before.map((node) => [node.name, node]));
  const names = new Set(after.map(({ name }) => name));
  const pairs = after.flatMap((node) => {
    const old = known.get(node.name);
    return old === undefined ? [] : [{ before: old, after: node }];
  });
  return {
    added: after.filter(({ name }) => !known.has(name)),
    removed: before.filter(({ name }) => !names.has(name)),
    kept: pairs.filter(isSameMachine),
    replaced: pairs.filter((pair) => !isSameMachine(pair)),
    placementChanged: !isDeepStrictEqual(before.map(placementOf), after.map(placementOf)),
  };
}

/** Whether the two lists mean the same nodes, machines and shares. */
export function sameNodes(before: readonly KnownNode[], after: readonly KnownNode[]): boolean {
  const { added, removed, replaced, placementChanged } = diffTopology(before, after);
  return added.length + removed.length + replaced.length === 0 && !placementChanged;
}

/** Whether a name stands for the same machine: an address that a list leaves out says nothing. */
export function isSameMachine({ before, after }: NodePair): boolean {
  if (!isDeepStrictEqual(before.connect, after.connect)) return false;
  return before.ip === undefined || after.ip === undefined || before.ip === after.ip;
}

function placementOf({ ringName, weight }: KnownNode): readonly [string, number] {
  return [ringName, weight];
}
