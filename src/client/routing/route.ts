import type { Operation } from '../connection/operation.ts';
import type { Distribution } from '../ring/distribution.ts';

/**
 * Where a key's operations go. Small on purpose: failover, replication and read-through are each one
 * route around another.
 */
export interface Route {
  /** The target of `key`; equal targets may share one request for many keys. */
  targetOf(key: string): Target;
}

/** Something that takes operations: a connection, a node, or nodes behind a policy. */
export interface Destination {
  readonly name: string;
  /** Takes an operation; it is settled by its deadline at the latest. */
  send(operation: Operation): void;
}

export interface Target extends Destination {
  /** Whether nobody there answers, as far as is known: an operation would fail at once. */
  readonly isDown: boolean;
  /** What is there under `key` is out of date: it is removed as soon as that can be done. */
  forget(key: string): void;
}

/** Each key to the node that owns it. A dead node's keys fail; nobody else gets them. */
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
