import type { Logger } from '../../base/index.ts';
import type { FastCopies } from '../../fast-path/index.ts';
import type { ClusterSeat, PeerSession } from '../../server/index.ts';
import type { Store } from '../../store/index.ts';

/** The part of a cluster that runs in each worker thread: a module of a room above. */
export interface ClusterModule {
  /** The URL of the module; its default export is a `CreateThreadCluster`. */
  readonly module: string;
  /** Memory of the node's cluster, the same for all threads. */
  readonly share: SharedArrayBuffer;
  /** What else the threads need; it must survive a structured clone. */
  readonly argument: unknown;
}

/** What the cluster gets of a worker thread. */
export interface ThreadClusterHost {
  readonly store: Store;
  /** The number of the thread; those of worker threads are from 0 on. */
  readonly thread: number;
  /** How many worker threads the node has. */
  readonly threads: number;
  readonly share: SharedArrayBuffer;
  /** The largest item. */
  readonly itemBytesMax: number;
  readonly log: Logger;
  /** What the fast path does for copies; undefined without it. */
  readonly fastCopies: FastCopies | undefined;
  /** Makes a session that executes the requests of peers; the thread needs only one. */
  peerSession(seat: ClusterSeat): PeerSession;
  /**
   * Sends a message to the main thread (`ClusterStart.told`); resolves with its answer. Not while
   * the cluster is created. Rejects with a CodedError if the main thread has ended.
   */
  tell(message: unknown): Promise<unknown>;
}

/** The cluster of one worker thread. */
export interface ThreadCluster {
  readonly seat: ClusterSeat;
  /** Whether the node is a member, whose cluster entry clients must not write. @default true */
  readonly isMember?: boolean;
  /** Called once, before clients can connect. If it rejects, the node does not start. */
  start(): Promise<void>;
  /** Answers the main thread's `adopt`; an error rejects there. */
  adopt(argument: unknown): unknown;
  /** Answers the main thread's `report`; an error rejects there. */
  report(argument: unknown): unknown;
  /** Called once the last client has gone. */
  end(): Promise<void>;
}

/** Creates the cluster of a thread. It runs before the sessions exist, and waits for nothing. */
export type CreateThreadCluster = (host: ThreadClusterHost, argument: unknown) => ThreadCluster;

/** Creates the cluster of a thread with its module. */
export type OpenThreadCluster = (host: Omit<ThreadClusterHost, 'share'>) => ThreadCluster;

export async function loadThreadCluster(start: ClusterModule): Promise<OpenThreadCluster> {
  const { module, share, argument } = start;
  const { default: create } = (await import(module)) as { readonly default: CreateThreadCluster };
  return (host) => create({ ...host, share }, argument);
}
