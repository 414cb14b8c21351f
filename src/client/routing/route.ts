import type { NodeConnection } from '../connection/node.ts';
import type { Operation } from '../connection/operation.ts';
import type { KetamaRing } from '../ring/ketama.ts';

/**
 * Where a key's operations go. Small on purpose: failover, replication and mirroring are each one
 * route around another.
 */
export interface Route {
  /** The target of `key`; equal targets may share one command of many keys. */
  targetOf(key: string): Target;
  /** Every target, for what concerns all nodes. */
  readonly targets: readonly Target[];
}

/** Something that takes operations: one node, or nodes behind a policy. */
export interface Target {
  readonly name: string;
  send(operation: Operation): void;
}

/** Each key to the node that owns it on the ring. A dead node's keys fail; nobody else gets them. */
export class RingRoute implements Route {
  readonly targets: readonly Target[];
  readonly #ring: KetamaRing;

  constructor(ring: KetamaRing, nodes: readonly NodeConnection[]) {
    this.#ring = ring;
    this.targets = nodes;
  }

  targetOf(key: string): Target {
    const { targets } = this;
    return targets.length === 1 ? targets[0]! : targets[this.#ring.nodeFor(key)]!;
  }
}
