/**
 * The requests that a node's main thread and its worker threads send each other. The data path
 * sends none: they are about what happens a few times a day, and about the node's log.
 */
import type { MessagePort } from 'node:worker_threads';
import type { LogLevel } from '../../base/index.ts';
import type { ReloadPart } from '../../commands/index.ts';
import type { Certificates, ListenAddress, UserTable } from '../../server/index.ts';
import type { NodeShare } from '../memory.ts';
import type { ClusterModule } from './thread-cluster.ts';
import type { LogLine } from './thread-log.ts';

/** What every job of the pool gets: the node's memory, and the number of its thread. */
export interface Job {
  readonly share: NodeShare;
  readonly thread: number;
}

/** Work of another room, on the thread that the node keeps for it. */
export interface GuestJob extends Job {
  /** The URL of the module whose default export is the work. */
  readonly module: string;
  readonly argument: unknown;
}

/** A message would lose the class and the code of an error. */
export type GuestResult =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export interface ServeJob extends Job {
  /** The users; undefined if the node requires no login. */
  readonly users: UserTable | undefined;
  /** Undefined without TLS. */
  readonly certificates: Certificates | undefined;
  /** Undefined if the node is in no cluster. */
  readonly cluster: ClusterModule | undefined;
  /** The channel to the main thread: WorkerProcedures and MainProcedures. */
  readonly port: MessagePort;
}

/** The requests that a worker thread answers. */
export interface WorkerProcedures {
  /** Opens the listeners; returns their addresses, with the ports that the kernel chose. */
  readonly listen: (on: readonly ListenAddress[]) => Promise<readonly ListenAddress[]>;
  readonly replaceUsers: (table: UserTable) => void;
  /** New connections get this certificate; open connections keep theirs. */
  /** Measures the event loop of the thread from here on. */
  readonly measure: () => void;
  readonly setLogLevel: (level: LogLevel) => void;
  readonly useCertificates: (certificates: Certificates) => void;
  /** Answers as soon as the thread has time: the thread works. */
  readonly ping: (argument: undefined) => void;
  /** See ThreadCluster. */
  readonly adoptCluster: (argument: unknown) => unknown;
  readonly reportCluster: (argument: unknown) => unknown;
}

/** The requests that the main thread answers. */
export interface MainProcedures {
  /** A client sent an allowed `shutdown`. Returns before the node has stopped. */
  readonly stop: (graceful: boolean) => void;
  readonly reload: (part: ReloadPart) => Promise<string | undefined>;
  readonly log: (lines: readonly LogLine[]) => void;
  /** A message of the cluster of a thread. */
  readonly tellCluster: (message: unknown) => unknown;
}
