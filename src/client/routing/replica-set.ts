import type { CacheError } from '../base/errors.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { InFlightCopies } from './in-flight-copies.ts';
import type { ReadRepair } from './read-repair.ts';
import type { Target } from './target.ts';
import type { TopologyEpoch } from './topology-epoch.ts';

/** The nodes that hold the replicas of the same keys, the owner first. */
export class ReplicaSet {
  readonly nodes: readonly ClusterNode[];
  readonly copies: InFlightCopies;
  readonly epoch: TopologyEpoch;
  readonly #readRepair: ReadRepair;
  readonly #onReplicaFailed: (node: string, error: CacheError) => void;

  constructor(
    nodes: readonly ClusterNode[],
    epoch: TopologyEpoch,
    copies: InFlightCopies,
    readRepair: ReadRepair,
    onReplicaFailed: (node: string, error: CacheError) => void,
  ) {
    this.nodes = nodes;
    this.epoch = epoch;
    this.copies = copies;
    this.#readRepair = readRepair;
    this.#onReplicaFailed = onReplicaFailed;
  }

  /** The nodes that are up; all nodes if there is none. */
  up(): readonly ClusterNode[] {
    const up = this.nodes.filter(({ isDown }) => !isDown);
    return up.length === 0 ? this.nodes : up;
  }

  /** All nodes but this one. */
  except(node: ClusterNode): readonly ClusterNode[] {
    return this.nodes.filter((each) => each !== node);
  }

  /** Invalidates the key at these nodes, and every copy of it that is in flight. */
  invalidate(key: string, nodes: readonly ClusterNode[] = this.nodes): void {
    this.copies.invalidate(key);
    for (const node of nodes) node.invalidate(key);
  }

  /** Gives the nodes that lost the item of `key` the item of another node. */
  repair(key: string, from: Target, to: readonly Target[]): void {
    this.#readRepair.repair(this.epoch, key, from, to);
  }

  /** A write of the key failed at this node: invalidates the key there, and reports the failure. */
  noteFailedWrite(node: ClusterNode, key: string, error: CacheError): void {
    this.invalidate(key, [node]);
    this.reportFailure(node, error);
  }

  reportFailure(node: ClusterNode, error: CacheError): void {
    this.#onReplicaFailed(node.name, error);
  }
}
