import type { Distribution } from '../../topology/index.ts';
import type { Operation } from '../connection/operation.ts';

/**
 * Chooses the target of a key. The interface is small so that failover, replication and previous
 * owners can each be one route around another.
 */
export interface Route {
  /** The target of `key`. Keys with the same target share one request for many keys. */
  targetOf(key: string): Target;
}

/** Takes operations: a node's connections, a node, or a composition of nodes. */
export interface OperationReceiver {
  readonly name: string;
  /** Takes an operation, which settles by its deadline at the latest. */
  send(operation: Operation): void;
}

export interface Target extends OperationReceiver {
  /** Whether, as far as the client knows, every node of the target is down. */
  readonly isDown: boolean;
  /** The item of `key` at this target is stale: the client deletes it there as soon as it can. */
  invalidate(key: string): void;
}

/** Routes each key to its owner. The keys of a node that is down fail. */
export class OwnerRoute implements Route {
  readonly #distribution: Distribution;
  readonly #nodes: readonly Target[];

  constructor(distribution: Distribution, nodes: readonly Target[]) {
    this.#distribution = distribution;
    this.#nodes = nodes;
  }

  targetOf(key: string): Target {
    const nodes = this.#nodes;
    return nodes.length === 1 ? nodes[0]! : nodes[this.#distribution.ownerOf(key)]!;
  }
}
