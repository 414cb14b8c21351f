/** What the state keeps of each resource: as it is wanted, and how far that is. */
import type { ScalingRecords } from '../scaling/records.ts';
import type { ParameterValues } from './parameters.ts';
import type { ServerlessRecord, ServerlessSnapshotRecord } from './serverless-records.ts';

/** `creating`, then `available` and others in turn, then `deleting` until it is gone. */
type ClusterStatus =
  | 'creating'
  | 'available'
  | 'modifying'
  | 'snapshotting'
  | 'rebooting cluster nodes'
  | 'deleting'
  | 'restore-failed';

type NodeStatus = 'creating' | 'available' | 'rebooting' | 'deleting';

export interface NodeRecord {
  /** `0001` and so on: `node-1` of the cluster. */
  readonly id: string;
  readonly status: NodeStatus;
  readonly zone: string;
  readonly createdMs: number;
  /** The parameters that it should have; undefined before it has started: those of the group. */
  readonly parameters?: ParameterValues | undefined;
  /** The version of slabring that its process began with. */
  readonly version?: string | undefined;
}

/** What waits for the maintenance window. */
export interface PendingChange {
  readonly numCacheNodes?: number;
  /** The nodes that go, if there will be fewer. */
  readonly nodeIdsToRemove?: readonly string[];
  /** The zones of the nodes that come, one for each. */
  readonly newZones?: readonly string[];
  readonly nodeType?: string;
  /** In which batches ElastiCache would replace the nodes. */
  readonly scale?: ScaleBatches;
  readonly engineVersion?: string;
}

/** Shown while a node type waits. Here one node follows the other, and keeps its items. */
export interface ScaleBatches {
  /** Of all nodes. */
  readonly percentage: number;
  readonly intervalMinutes: number;
}

export interface ClusterRecord {
  /** In lower case. */
  readonly id: string;
  readonly createdMs: number;
  readonly status: ClusterStatus;
  readonly nodeType: string;
  readonly engineVersion: string;
  /** How many nodes hold each key. */
  readonly replicas: number;
  /** Of the first node; the node 0002 has the next one, and so on. */
  readonly port: number;
  readonly zone: string;
  readonly isCrossZone: boolean;
  readonly parameterGroup: string;
  /** Whether parameters are on their way to the nodes, without a reboot. */
  readonly isApplying: boolean;
  readonly subnetGroup: string | undefined;
  readonly cacheSecurityGroups: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly maintenanceWindow: string;
  readonly topicArn: string | undefined;
  readonly isTopicActive: boolean;
  readonly upgradesMinorVersions: boolean;
  readonly networkType: 'ipv4' | 'ipv6' | 'dual_stack';
  readonly ipDiscovery: 'ipv4' | 'ipv6';
  /** In the order of their ids. */
  readonly nodes: readonly NodeRecord[];
  readonly pending: PendingChange;
  /** Whose users may log in; undefined: its nodes need no login. */
  readonly userGroup?: string | undefined;
  /** The snapshot that is being written. */
  readonly snapshot?: string | undefined;
  /** The snapshot whose items the new cluster gets. */
  readonly restoreFrom?: string | undefined;
  /** Why the last step failed; it is tried again. */
  readonly failure?: string | undefined;
  /** Only of a serverless cache: its clients know the proxy, and no node. */
  readonly proxy?: ProxyRecord | undefined;
}

/** The proxy in front of the nodes of a serverless cache. */
interface ProxyRecord {
  readonly port: number;
  /** More ECPU in a second are throttled. */
  readonly ecpuPerSecondMax: number | undefined;
  /** Whose users may log in; undefined: it needs no login. */
  readonly userGroup: string | undefined;
}

/** Whether a step of a change has failed since it began: then another one may take its place. */
export const changeIsStuck = ({ status, failure }: ClusterRecord): boolean =>
  status === 'modifying' && failure !== undefined;

/** Whether a cluster may go while it is not available: a step of it fails, or its restore has. */
export function mayBeDeleted({ status, failure }: ClusterRecord): boolean {
  if (status === 'restore-failed') return true;
  const isChanging = status !== 'available' && status !== 'snapshotting' && status !== 'deleting';
  return isChanging && failure !== undefined;
}

export interface SnapshotRecord {
  readonly name: string;
  readonly status: 'creating' | 'available' | 'failed' | 'deleting';
  readonly createdMs: number;
  /** Of all nodes; 0 until it is available. */
  readonly items: number;
  /** Of the file. */
  readonly bytes: number;
  /** The cluster as it was. */
  readonly cluster: ClusterRecord;
}

export interface UserRecord {
  readonly id: string;
  /** The name of its login. */
  readonly name: string;
  readonly accessString: string;
  /** The hashes of its passwords, as a user file has them. */
  readonly secrets: readonly string[];
}

export interface UserGroupRecord {
  readonly id: string;
  /** In their order. */
  readonly userIds: readonly string[];
}

export interface ParameterGroupRecord {
  readonly name: string;
  readonly family: string;
  readonly description: string;
  /** The parameters that differ from the defaults of the family. */
  readonly values: ParameterValues;
}

export interface SubnetGroupRecord {
  readonly name: string;
  readonly description: string;
  readonly subnets: readonly string[];
}

export interface SecurityGroupRecord {
  readonly name: string;
  readonly description: string;
  /** `owner/name` of each group of EC2 whose machines may connect. */
  readonly sources: readonly string[];
}

/** The records by their kinds, which are those of ARNs. */
export interface Records extends ScalingRecords {
  readonly cluster: ClusterRecord;
  readonly parametergroup: ParameterGroupRecord;
  readonly subnetgroup: SubnetGroupRecord;
  readonly securitygroup: SecurityGroupRecord;
  readonly snapshot: SnapshotRecord;
  readonly user: UserRecord;
  readonly usergroup: UserGroupRecord;
  readonly serverlesscache: ServerlessRecord;
  readonly serverlesscachesnapshot: ServerlessSnapshotRecord;
  /** The nodes of a serverless cache: no operation of clusters knows them, and no ARN. */
  readonly serverlesscluster: ClusterRecord;
}

export type Kind = keyof Records;

/** Those that ElastiCache's API tags: the nodes of a serverless cache have no name there. */
export type TaggedKind = Exclude<Kind, keyof ScalingRecords | 'serverlesscluster'>;

interface ListsClusters {
  list(kind: 'cluster' | 'serverlesscluster'): readonly ClusterRecord[];
}

/** With the nodes of serverless caches. */
export const everyCluster = (state: ListsClusters): readonly ClusterRecord[] => [
  ...state.list('cluster'),
  ...state.list('serverlesscluster'),
];
