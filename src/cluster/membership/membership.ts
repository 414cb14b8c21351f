import type { Member } from '../../topology/index.ts';
import type { MainCluster } from '../node/main-cluster.ts';
import type { NodeFacts } from '../node-messages.ts';

/** Who this process is in its cluster. */
export interface MemberIdentity {
  readonly cluster: string;
  /** The name of the member; no two members of a cluster have the same one. */
  readonly name: string;
  /** Another number for each start of the process. */
  readonly incarnation: number;
  /** Whether it publishes the topology to clients (`config get cluster`). */
  readonly publishes: boolean;
  /** All members of a cluster have the same secret, and nobody else knows it. */
  readonly secret: Buffer;
}

/** Why and how a process begins again. */
export interface Renewal {
  /** A sentence. */
  readonly reason: string;
  /** `-m` of the new process; undefined: as before. */
  readonly memoryLimitBytes?: number | undefined;
  /** The process ends, and its service manager starts a new one; else it replaces itself. */
  readonly isByService?: boolean;
}

/** The member's end of the membership: of the supervisor of its machine, or of etcd. */
export interface Membership {
  readonly identity: MemberIdentity;
  /**
   * How long a member promises another one that it does not take over; undefined if no member needs
   * promises, because the membership itself sees the ends of processes.
   */
  readonly grantMs?: number;
  /** Where the node listens for other members, a name or an address of its machine. */
  readonly peerHost: string;
  /** Resolves when the process must begin again, as a new one without items. */
  readonly renewal: Promise<Renewal>;
  /** The process can go on no more as this incarnation: `renewal` resolves. */
  renew(reason: string): void;
  /** The node listens: from here on the member gets each topology, and its reports go on. */
  follow(member: MainCluster, facts?: () => NodeFacts): void;
  /**
   * Calls the listener for processes of members that have ended: `inOrder` if they said it, and
   * need no promise any more. Only with `grantMs`.
   */
  onEnded?(listener: (ended: Pick<Member, 'name' | 'incarnation'>, inOrder: boolean) => void): void;
  /** Resolves once the membership has been left, within a bound. */
  close(): Promise<void>;
}
