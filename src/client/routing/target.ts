import type { Distribution } from '../../topology/index.ts';
import type { Operation } from '../connection/operation.ts';

/**
 * A place, or a memory of places, where an old value of a key may be. A write that does not reach
 * the place invalidates the key there. docs/consistency.md lists the places:
 *
 *   a node that missed a write            ClusterNode, which remembers its MissedWrites
 *   a node that served during failover    FailoverWrites
 *   a copy on its way between two nodes   InFlightCopies
 *   a previous owner                      PreviousOwnerTarget
 */
export interface StaleKeys {
  /** Every value of `key` in this place is stale: the client lets no later read return it. */
  invalidate(key: string): void;
}

/** One thing that operations can be sent to: a node, or a composition of targets. */
export interface Target extends StaleKeys {
  /** The name of the node; a composition has the name of its first node. */
  readonly name: string;
  /** Whether, as far as the client knows, every node of the target is down. */
  readonly isDown: boolean;
  /** Whether a node of the target may still be making its first connection. */
  readonly isNew: boolean;
  /** Takes an operation, which settles by its deadline at the latest. */
  send(operation: Operation): void;
}

/**
 * Chooses the target of a key. Failover, replication and previous owners are each a route around
 * another. Keys with the same target share one request for many keys.
 */
export type Route = (key: string) => Target;

/** Routes each key to its owner. The keys of a node that is down fail. */
export function ownerRoute(distribution: Distribution, nodes: readonly Target[]): Route {
  const [first] = nodes;
  if (nodes.length === 1) return () => first!;
  return (key) => nodes[distribution.ownerOf(key)]!;
}

/**
 * Makes one target for each id, so that keys with the same nodes share it. Beyond `targetsMax` ids
 * it makes a target per call.
 */
export function internTargets<Id>(targetsMax: number): (id: Id, make: () => Target) => Target {
  const targets = new Map<Id, Target>();
  return (id, make) => {
    const known = targets.get(id);
    if (known !== undefined) return known;
    const made = make();
    if (targets.size < targetsMax) targets.set(id, made);
    return made;
  };
}
