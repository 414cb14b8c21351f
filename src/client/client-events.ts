import type { CacheError } from './base/errors.ts';
import type { OperationKind } from './observe/metrics.ts';

/** The events of a client, each with the arguments of its listeners. */
export interface ClientEvents {
  /** A node is up: the client sends it operations, for the first time or again. */
  'node-up': [node: string];
  /** A node is down: the client sends it nothing but probes until one succeeds. */
  'node-down': [node: string, reason: CacheError];
  /** A request to a node failed. The caller gets the same `error`. */
  failure: [error: CacheError, operation: OperationKind];
  /** The topology changed. The event lists the names of all nodes. */
  nodes: [nodes: readonly string[]];
  /** A poll for the topology failed. The client keeps the nodes that it knows. */
  'discovery-error': [error: CacheError];
  /**
   * A write succeeded, but this node did not store its replica. The client invalidates the node's
   * replica as soon as the node replies again.
   */
  'replica-failed': [node: string, error: CacheError];
}
