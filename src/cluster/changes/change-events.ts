/** What somebody wants changed in a cluster, and what happens then. */
import type { ClusterTopology, Member } from '../../topology/index.ts';

export const CHANGE_ACTIONS = ['add', 'remove', 'replace', 'restart'] as const;
export type ChangeAction = (typeof CHANGE_ACTIONS)[number];

export interface ChangeRequest {
  readonly action: ChangeAction;
  /** Undefined to add a node, or to restart all of them, one after the other. */
  readonly node: string | undefined;
  readonly dryRun: boolean;
  /** `-m` of the nodes that the change starts; undefined for that of the cluster. */
  readonly memoryLimitBytes: number | undefined;
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
      readonly step: 'starts' | 'stops' | MoveStep;
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

/** A member, as `slabring nodes list` shows it. */
export interface MemberStatus extends Member {
  /** Undefined while its process does not run. */
  readonly pid: number | undefined;
  /** Undefined if the node does not reply. */
  readonly items: number | undefined;
  readonly bytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  /** The version that the node follows; 0 for none. */
  readonly adopted: number;
  /** Whether its receivers have all its items at the present version. */
  readonly isComplete: boolean;
  readonly keysMoved: number;
  readonly bytesMoved: number;
  readonly keysLeft: number;
}

export interface MembersReply extends Omit<ClusterTopology, 'members'> {
  readonly event: 'members';
  readonly members: readonly MemberStatus[];
  /** What the change under way waits for, as sentences; none at rest. */
  readonly waitsFor: readonly string[];
  /** The last changes of the topology, the newest one at the end. */
  readonly changes: readonly PastChange[];
}

export interface PastChange {
  readonly version: number;
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}
