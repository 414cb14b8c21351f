import type { Logger, LogLevel } from '../base/index.ts';
import type { NodeControl } from '../commands/index.ts';
import type { FastWalk } from '../fast-path/index.ts';
import type { ListenAddress } from '../server/index.ts';
import type { Store, StoreView } from '../store/index.ts';
import type { FastPathState } from './fast-path.ts';
import type { RunGuest } from './threads/node-threads.ts';

/** A running node, for a program that starts and stops it. */
export interface NodeHandle {
  /**
   * The listeners, with the port that the kernel chose for 0. An empty host means every interface.
   */
  readonly addresses: readonly ListenAddress[];
  /**
   * Reads the user files and the certificates again. Resolves once the node has sent the changes to
   * all threads. A bad file changes nothing: the promise resolves with the reason, which the node
   * also logs.
   */
  reload(): Promise<string | undefined>;
  /** Drains the node: it stops accepting and replies to received requests. Resolves at its end. */
  stop(): Promise<void>;
  /**
   * Resolves once the node has ended after `stop()`; rejects with the error if a bug ends a thread.
   * That thread may have held a lock, so the process must then exit at once.
   */
  readonly ended: Promise<void>;
}

/** A running node in this process. */
export interface RunningNode extends NodeHandle {
  readonly control: NodeControl;
  readonly fastPath: FastPathState;
  /** Runs work on the store of the node, on a thread of its own. */
  readonly runGuest: RunGuest;
  readonly view: StoreView;
  /** The threads of a node in a cluster. */
  readonly cluster: ClusterThreads;
  /** Measures the event loops of all threads from here on (`control.threads()`). */
  measureThreads(): Promise<void>;
  /** Shows the lines of this level and of more important ones; traces of requests need `-vvv`. */
  setLogLevel(level: LogLevel): Promise<void>;
  /**
   * Resolves once every thread has answered, or rejects within a second.
   * @throws {CodedError} if a thread hangs or has ended, or the maintainer does nothing.
   */
  checkThreads(): Promise<void>;
}

/** The cluster of a node, as its main thread sees it in the worker threads. */
export interface ClusterThreads {
  /** Calls `adopt` in all threads; resolves with their answers, in any order. */
  adopt(argument: unknown): Promise<readonly unknown[]>;
  report(argument: unknown): Promise<readonly unknown[]>;
  /** The store, for the main thread. */
  store(): Store;
  /** Walks over the store in WebAssembly, on the main thread; undefined: the node has none. */
  fastWalk(): FastWalk | undefined;
}

/** What a node of a cluster runs in its worker threads. */
export interface ClusterStart {
  /** The module of the threads (ThreadCluster). */
  readonly module: URL;
  readonly share: SharedArrayBuffer;
  readonly argument: unknown;
  /** Answers a message that a thread tells. It may come before the node has started. */
  readonly told: (message: unknown) => unknown;
}

export interface StartExtras {
  /** Default: no log. */
  readonly log?: Logger;
  /**
   * Drops the rights of root. As in memcached, only the certificates are read before; the node
   * listens as the other user.
   */
  readonly assumeUser?: () => void;
  /** Absent if the node is in no cluster. */
  readonly cluster?: ClusterStart;
  /** The file that keeps the items over a restart, for `stats settings`; empty for none. */
  readonly memoryFile?: string;
  /** Runs before the node listens; if it rejects, the node does not start. */
  readonly beforeServing?: (runGuest: RunGuest) => Promise<void>;
  /** Runs when a node that serves has the order to stop, and still listens. */
  readonly beforeDraining?: () => void;
  /** Runs after the last connection has closed. */
  readonly afterServing?: (runGuest: RunGuest) => Promise<void>;
}
