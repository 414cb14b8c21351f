import type { ClusterTopology, NodeReport } from '../../topology/index.ts';

/** What a member tells its membership. */
export interface MemberReport extends NodeReport {
  /** The items that this member has sent to other members since its last change of topology. */
  readonly keysMoved: number;
  readonly bytesMoved: number;
  /** About how many it still has to send; 0 at rest. */
  readonly keysLeft: number;
  /** The names of the receivers that did not take a change within the bound. */
  readonly unreachable: readonly string[];
}

/** A member of a cluster, on the main thread of its node. */
export interface MainCluster {
  /** The port on which it listens for other members. */
  readonly peerPort: number;
  /** Begins to follow a topology. The versions of consecutive calls rise. */
  adopt(topology: ClusterTopology): void;
  /** How far it is now. */
  report(): MemberReport;
  /** Calls the listener after each change of the report; there is one listener. */
  onReport(listener: () => void): void;
  /** Resolves once nothing of it runs. */
  end(): Promise<void>;
}
