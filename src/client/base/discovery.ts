import type { Topology } from '../../topology/index.ts';
import type { CacheError } from './errors.ts';

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
  /**
   * Whether each node answers for every key, as those of a cluster of slabring do. Then the client
   * sends a request that may be repeated to another node if one fails, and keeps no replicas.
   */
  readonly everyNodeAnswers?: boolean;
  /** Starts the discovery; callable once. It may report a topology before it returns. */
  start(listener: DiscoveryListener): void;
  /**
   * Requests a poll soon, for example after a connection failed. Callable any number of times.
   */
  refresh(): void;
  /** Stops the discovery: the listener receives nothing more. Resolves when no poll is running. */
  close(): Promise<void>;
}
