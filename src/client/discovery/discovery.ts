import type { CacheError } from '../errors.ts';
import type { NodeAddress } from '../topology.ts';

/** A client holds connections to every node: a list of more is no list for it. */
export const NODES_MAX = 1000;

/** A node as a discovery knows it. */
export interface KnownNode extends NodeAddress {
  /** The address behind the name, where the list says it; another one is another machine. */
  readonly ip?: string;
}

/** The nodes at one time. */
export interface Topology {
  /** Grows with every change; of ElastiCache's numbering where the list has one, else from 1. */
  readonly version: number;
  /** 1 … NODES_MAX, no name twice; in the list's order, and by name where it has none. */
  readonly nodes: readonly KnownNode[];
}

export interface DiscoveryListener {
  /** There are nodes for the first time, or others than before, or more is known of one. */
  topology(topology: Topology): void;
  /**
   * A look for nodes failed; the nodes known so far stay, and it is tried again.
   * `error.code` is ERR_DISCOVERY, its `cause` says more.
   */
  trouble(error: CacheError): void;
}

/**
 * Finds out which nodes there are, and goes on doing so. It never throws and never waits for a
 * caller: a list that cannot be had at the start is trouble, not a failure to start.
 */
export interface Discovery {
  /** Begins; to be called once. The list may be told before this returns. */
  start(listener: DiscoveryListener): void;
  /**
   * Asks to look again soon, as after a connection failed. It may be called any number of times.
   */
  refresh(): void;
  /** Ends it: the listener hears nothing more. Settles when nothing is under way. */
  close(): Promise<void>;
}
