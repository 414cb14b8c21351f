/** Where clusters run. */
import type { NodeShape } from '../model/node-options.ts';

/** A node, as its cluster tells. */
export interface ObservedNode {
  /** `0001` for `node-1`. */
  readonly id: string;
  /** Whether it answers clients. */
  readonly serves: boolean;
  /** Undefined: it does not reply. */
  readonly memoryMib: number | undefined;
  /** The most memory that it can get without a restart, as far as that is known. */
  readonly memoryMibMax: number;
  /** Those of its shape. */
  readonly options: readonly string[];
}

export interface Observed {
  readonly isRunning: boolean;
  /** In the order of their ids; none if the cluster does not run. */
  readonly nodes: readonly ObservedNode[];
  /** The file of users that the nodes read; undefined: they need no login. */
  readonly users?: string | undefined;
  /** Undefined: none runs. */
  readonly proxy?: ObservedProxy | undefined;
}

/** How the proxy in front of the nodes should run. */
export interface ProxyShape {
  readonly port: number;
  /** More ECPU in a second are throttled. */
  readonly ecpuPerSecondMax: number | undefined;
  /** The file of users; undefined: it needs no login. */
  readonly users: string | undefined;
}

export type ObservedProxy = Omit<ProxyShape, 'port'>;

/** What a new process of a cluster needs. */
export interface ClusterSpec extends NodeShape {
  readonly id: string;
  readonly nodes: number;
  readonly replicas: number;
  readonly port: number;
  readonly users: string | undefined;
}

export interface SnapshotTotals {
  readonly items: number;
  /** Of the file. */
  readonly bytes: number;
}

/**
 * Starts, watches and changes clusters. Each call may be made again after it has failed, or after
 * this process has died in it: what it wants may be there already.
 */
export interface Runtime {
  observe(id: string): Promise<Observed>;
  /** Resolves once all nodes serve. */
  start(spec: ClusterSpec): Promise<void>;
  /** Resolves once the new node has its share of the items, and serves. */
  addNode(id: string, shape: NodeShape): Promise<void>;
  /** Resolves once the others have the items of the node, and its process has ended. */
  removeNode(id: string, nodeId: string): Promise<void>;
  /** Replaces the file of users; the nodes read it within 2 seconds. */
  setUsers(id: string, text: string): Promise<void>;
  /**
   * Changes the memory of a node while it serves. If the node cannot have so much, its
   * `memoryMibMax` says so afterwards.
   */
  resizeNode(id: string, nodeId: string, memoryMib: number): Promise<void>;
  /** The others hold the items of the node while it restarts. */
  restartNode(id: string, nodeId: string, shape: NodeShape): Promise<void>;
  /** Resolves once it serves. One that runs ends first, with the connections of its clients. */
  startProxy(id: string, proxy: ProxyShape): Promise<void>;
  /** Changes a proxy while it serves: its users, and what is throttled. */
  setProxy(id: string, proxy: ProxyShape): Promise<void>;
  /** Writes the items of all nodes to a file, which appears when it is complete. */
  snapshot(id: string, file: string): Promise<SnapshotTotals>;
  /** Gives the items of a file to the nodes that should have them. */
  restore(id: string, file: string): Promise<void>;
  /** Stops all nodes; their items wait in files for the next start. */
  stop(id: string): Promise<void>;
  /** Removes what a stopped cluster has left. */
  forget(id: string): Promise<void>;
}
