import type { CacheError } from '../errors.ts';
import type { NodeAddress } from '../topology.ts';

/** A client connects to every node, so it rejects a topology with more nodes. */
export const NODES_MAX = 1000;

/** A node as a discovery knows it. */
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

export interface DiscoveryListener {
  /** The first topology, or a changed one: other nodes, or more facts about a node. */
  topology(topology: Topology): void;
  /**
   * A poll failed. The last topology stays in force and the discovery polls again. `error.code` is
   * ERR_DISCOVERY; `error.cause` has the details.
   */
  error(error: CacheError): void;
}

/**
 * Tells the client the topology and its changes. Its methods do not throw. If there is no topology
 * at the start, the discovery reports an error and polls again; `start` does not fail.
 */
export interface Discovery {
  /** Starts the discovery; callable once. It may report a topology before it returns. */
  start(listener: DiscoveryListener): void;
  /**
   * Requests a poll soon, for example after a connection failed. Callable any number of times.
   */
  refresh(): void;
  /** Stops the discovery: the listener receives nothing more. Resolves when no poll is running. */
  close(): Promise<void>;
}
