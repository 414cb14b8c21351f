import type { NodeAddress } from './node.ts';

/** A client connects to every node, so it rejects a topology with more nodes. */
export const NODES_MAX = 1000;

/** A node of a topology. */
export interface KnownNode extends NodeAddress {
  /** The node's address, if the topology tells it. A different address is a different machine. */
  readonly ip?: string;
}

/** The list of nodes and its version. */
export interface Topology {
  /** Grows with every change: ElastiCache's version if there is one, else counted from 1. */
  readonly version: number;
  /** 1 … NODES_MAX nodes with distinct names; in the order of the source, else sorted by name. */
  readonly nodes: readonly KnownNode[];
}
