import type { ClusterTopology, NodeReport } from '../../topology/index.ts';
import type { PeerIdentity } from '../thread/adopted.ts';

/** What a member tells its membership. */
export interface MemberReport extends NodeReport {
  /** The items that this member has sent to other members since its last change of topology. */
  readonly keysMoved: number;
  readonly bytesMoved: number;
  /** About how many it still has to send; 0 at rest. */
  readonly keysLeft: number;
  readonly bytesLeft: number;
  /** How fast they go, over the last seconds. */
  readonly keysPerSecond: number;
  readonly bytesPerSecond: number;
  /** The names of the receivers that did not take a change within the bound. */
  readonly unreachable: readonly string[];
}

/** Why a topology follows another one. */
export interface ChangeCause {
  /** Such as `node-4 joins`. */
  readonly reason: string;
  /** Who decided it: `operator`, `supervisor`, or the name of the member that drives it. */
  readonly by: string;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** A member of a cluster, on the main thread of its node. */
export interface MainCluster {
  /** The port on which it listens for other members. */
  readonly peerPort: number;
  /** Begins to follow a topology. The versions of consecutive calls rise. */
  adopt(topology: ClusterTopology, cause?: ChangeCause): void;
  /** Whether what keeps the topology can be reached; until the first call it can. */
  membershipReached(isReached: boolean): void;
  /** How far it is now. */
  report(): MemberReport;
  /** Whether the process of a member has just replied to this one. */
  hears(member: PeerIdentity): boolean;
  /** The newest topology that the process of a member has told this one it follows, or 0. */
  adoptedOf(member: PeerIdentity): number;
  /** Calls the listener after each change of the report; there is one listener. */
  onReport(listener: () => void): void;
  /** Resolves once nothing of it runs. */
  end(): Promise<void>;
}

/** A topology that waits for its adoption, and why it was made, if that is known. */
export interface QueuedTopology {
  readonly topology: ClusterTopology;
  readonly cause: ChangeCause | undefined;
}
