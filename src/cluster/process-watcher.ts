import type { MemberReport } from './node/main-cluster.ts';
import type { JoinOrder } from './node-messages.ts';

/** A process that has begun to serve. */
export interface StartedProcess {
  readonly incarnation: number;
  readonly peerPort: number;
  /** Whether it has begun with the items of the process before it. */
  readonly hasRestored: boolean;
}

/** Follows the processes of all nodes: the membership of the cluster. */
export interface ProcessWatcher {
  /** A process starts; returns what it needs to join the cluster. */
  starting(node: string): JoinOrder;
  listening(node: string, process: StartedProcess): void;
  /**
   * A process has ended that nobody had stopped for good. `willReturn`: the next process of the
   * node begins with its items.
   */
  ended(node: string, willReturn: boolean): void;
  reported(node: string, report: MemberReport): void;
}
