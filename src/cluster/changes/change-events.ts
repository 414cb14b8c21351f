/** What somebody wants changed in a cluster, and what happens then. */
import type { ClusterTopology, Member } from '../../topology/index.ts';
import type { ChangeCause, MemberReport } from '../node/main-cluster.ts';

export const CHANGE_ACTIONS = ['add', 'remove', 'replace', 'restart'] as const;
export type ChangeAction = (typeof CHANGE_ACTIONS)[number];

export interface ChangeRequest {
  readonly action: ChangeAction;
  /** Undefined to add any node, or to restart all of them, one after the other. */
  readonly node: string | undefined;
  readonly dryRun: boolean;
  /** `-m` of the nodes that the change starts; undefined for that of the cluster. */
  readonly memoryLimitBytes: number | undefined;
  /**
   * The options of the nodes that the change starts, such as `--threads=2`, instead of those of the
   * cluster and of earlier changes; undefined for these. Not with etcd.
   */
  readonly options?: readonly string[] | undefined;
  /** The nodes that restart end, and their service managers start them; only with etcd. */
  readonly isByService?: boolean;
}

/** What a change will do with one node. */
export interface PlannedChange {
  readonly node: string;
  readonly action: ChangeAction;
  /** About what other nodes send to it, or it to them. */
  readonly keys: number;
  readonly bytes: number;
  /** About how long that takes. */
  readonly seconds: number;
}

export type MoveStep = 'gets its items' | 'gives its items away';

/** What all members together have moved since a step began. */
export interface Moved {
  readonly keysMoved: number;
  readonly bytesMoved: number;
  /** About how many they still have to move; 0 while it is not known. */
  readonly keysLeft: number;
}

/** In this order: `plan`; for each node `step`s and at the end `changed`; `done` or `failed`. */
export type ChangeEvent =
  | { readonly event: 'change-plan'; readonly changes: readonly PlannedChange[] }
  | ({
      readonly event: 'step';
      readonly node: string;
      readonly step: 'starts' | 'stops' | 'is awaited' | MoveStep;
    } & Moved)
  | ({ readonly event: 'changed' } & ChangedNode)
  | { readonly event: 'done' }
  | {
      readonly event: 'change-failed';
      readonly reason: string;
      readonly changed: readonly string[];
      /** The nodes that the change did not come to. */
      readonly untouched: readonly string[];
    };

export interface ChangedNode {
  readonly node: string;
  readonly action: ChangeAction;
  /** `host:port` for clients. */
  readonly address: string;
  readonly keysMoved: number;
  readonly bytesMoved: number;
  readonly ms: number;
}

/** How far a member is, as its last report says. */
interface MemberProgress
  extends Pick<
    MemberReport,
    'keysMoved' | 'bytesMoved' | 'keysLeft' | 'bytesLeft' | 'keysPerSecond' | 'bytesPerSecond'
  > {
  /** The version that the node follows; 0 for none. */
  readonly adopted: number;
  /** Whether its receivers have all its items at the present version. */
  readonly isComplete: boolean;
  /** The members that do not take its changes, or do not reply to it. */
  readonly unreachable: readonly string[];
}

/** Of a member without a report all is 0. */
export function progressOf(report: MemberReport | undefined, version: number): MemberProgress {
  return {
    adopted: report?.adopted ?? 0,
    isComplete: report?.complete === version,
    keysMoved: report?.keysMoved ?? 0,
    bytesMoved: report?.bytesMoved ?? 0,
    keysLeft: report?.keysLeft ?? 0,
    bytesLeft: report?.bytesLeft ?? 0,
    keysPerSecond: report?.keysPerSecond ?? 0,
    bytesPerSecond: report?.bytesPerSecond ?? 0,
    unreachable: report?.unreachable ?? [],
  };
}

/** A member, as `slabring nodes list` shows it. */
export interface MemberStatus extends Member, MemberProgress {
  /** Undefined while its process does not run. */
  readonly pid: number | undefined;
  /** Undefined if the node does not reply. */
  readonly items: number | undefined;
  readonly bytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  /** The options that a change gave it; undefined for those of its cluster. */
  readonly options?: readonly string[] | undefined;
}

export interface MembersReply extends Omit<ClusterTopology, 'members'> {
  readonly event: 'members';
  readonly members: readonly MemberStatus[];
  /** What the change under way waits for, as sentences; none at rest. */
  readonly waitsFor: readonly string[];
  /** The last changes of the topology, the newest one at the end. */
  readonly changes: readonly PastChange[];
}

export interface PastChange extends ChangeCause {
  readonly version: number;
}
