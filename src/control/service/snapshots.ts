/** Snapshots of clusters. */
import { ApiError, invalidCombination } from '../api/errors.ts';
import type { OutputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { arnOf } from '../model/arn.ts';
import { groupName } from '../model/cluster-rules.ts';
import { staying } from '../model/node-count.ts';
import { type ClusterRecord, everyCluster, type SnapshotRecord } from '../model/records.ts';
import { availableCluster, save } from './cluster-lookups.ts';
import type { Context, Handlers } from './context.ts';
import { pageOf } from './paging.ts';
import { tagsFrom } from './tags.ts';

const SNAPSHOTS_MAX = 300;
const MEBIBYTE = 2 ** 20;

type Shown = NonNullable<OutputOf<(typeof OPERATIONS)['CreateSnapshot']>['Snapshot']>;

export const snapshotHandlers = {
  CreateSnapshot: (input, context) => {
    refuseForeign(input);
    if (input.CacheClusterId === undefined) {
      throw invalidCombination('CacheClusterId must be given: there are no replication groups.');
    }
    const cluster = availableCluster(input.CacheClusterId, context);
    const snapshot = newSnapshot(input.SnapshotName, cluster, context);
    context.state.setTags('snapshot', snapshot.name, tagsFrom(input.Tags));
    save({ ...cluster, status: 'snapshotting', snapshot: snapshot.name }, context);
    return { Snapshot: snapshotView(snapshot, context) };
  },

  DescribeSnapshots: (input, context) => {
    if (input.ReplicationGroupId !== undefined) return { Snapshots: [] };
    if (input.SnapshotName !== undefined) {
      return { Snapshots: [snapshotView(snapshotOf(input.SnapshotName, context), context)] };
    }
    const cluster = input.CacheClusterId?.toLowerCase();
    const source = input.SnapshotSource === 'user' ? 'manual' : input.SnapshotSource;
    const { records, ...rest } = pageOf(
      input,
      ({ name }: SnapshotRecord) => name,
      (after, limit) =>
        context.state
          .list('snapshot', after)
          .filter((each) => cluster === undefined || each.cluster.id === cluster)
          .filter(() => source === undefined || source === 'manual')
          .slice(0, limit),
    );
    return { ...rest, Snapshots: records.map((each) => snapshotView(each, context)) };
  },

  CopySnapshot: (input, context) => {
    refuseForeign(input);
    const source = availableSnapshot(input.SourceSnapshotName, context);
    const name = freeName(input.TargetSnapshotName, context);
    const snapshot = { ...source, name, createdMs: context.nowMs };
    context.files.copy(source.name, name);
    context.state.put('snapshot', name, snapshot);
    context.state.setTags('snapshot', name, tagsFrom(input.Tags));
    return { Snapshot: snapshotView(snapshot, context) };
  },

  DeleteSnapshot: (input, context) => {
    const snapshot = snapshotOf(input.SnapshotName, context);
    const isUsed = everyCluster(context.state).some(({ restoreFrom, snapshot: made }) =>
      [restoreFrom, made].includes(snapshot.name),
    );
    if (isUsed) {
      const text = `The snapshot ${snapshot.name} is being written or restored.`;
      throw new ApiError('InvalidSnapshotState', text);
    }
    const shown = snapshotView({ ...snapshot, status: 'deleting' }, context);
    context.state.remove('snapshot', snapshot.name);
    context.after(() => context.files.remove(snapshot.name));
    return { Snapshot: shown };
  },
} satisfies Handlers;

function refuseForeign({
  KmsKeyId,
  TargetBucket,
  ReplicationGroupId,
}: {
  readonly KmsKeyId?: string | undefined;
  readonly TargetBucket?: string | undefined;
  readonly ReplicationGroupId?: string | undefined;
}): void {
  if (ReplicationGroupId !== undefined) {
    throw new ApiError('ReplicationGroupNotFoundFault', 'There are no replication groups.');
  }
  if (KmsKeyId !== undefined) {
    throw invalidCombination('KmsKeyId is not offered: snapshots are files of this machine.');
  }
  if (TargetBucket === undefined) return;
  throw invalidCombination(
    'TargetBucket is not offered: copy the file of the snapshot below --data to the bucket.',
  );
}

/** @throws {ApiError} `SnapshotNotFoundFault` */
function snapshotOf(name: string, { state }: Context): SnapshotRecord {
  const found = state.get('snapshot', name.toLowerCase());
  if (found !== undefined) return found;
  throw new ApiError('SnapshotNotFoundFault', `There is no snapshot ${name}.`);
}

/** @throws {ApiError} `SnapshotNotFoundFault` or `InvalidSnapshotState` */
export function availableSnapshot(name: string, context: Context): SnapshotRecord {
  const snapshot = snapshotOf(name, context);
  if (snapshot.status === 'available') return snapshot;
  const text = `The snapshot ${snapshot.name} is ${snapshot.status}; it must be available.`;
  throw new ApiError('InvalidSnapshotState', text);
}

/** @throws {ApiError} `SnapshotAlreadyExistsFault` or `SnapshotQuotaExceededFault` */
function freeName(text: string, { state }: Context): string {
  const name = groupName('SnapshotName', text);
  if (state.get('snapshot', name) !== undefined) {
    throw new ApiError('SnapshotAlreadyExistsFault', `The snapshot ${name} exists already.`);
  }
  if (state.count('snapshot') < SNAPSHOTS_MAX) return name;
  const full = `There are ${SNAPSHOTS_MAX} snapshots already: delete one.`;
  throw new ApiError('SnapshotQuotaExceededFault', full);
}

/** Puts down a snapshot that will be written. */
export function newSnapshot(text: string, cluster: ClusterRecord, context: Context) {
  const name = freeName(text, context);
  const snapshot: SnapshotRecord = {
    name,
    status: 'creating',
    createdMs: context.nowMs,
    items: 0,
    bytes: 0,
    cluster,
  };
  context.state.put('snapshot', name, snapshot);
  return snapshot;
}

function snapshotView(snapshot: SnapshotRecord, { region }: Context): Shown {
  const { name, status, createdMs, bytes, cluster } = snapshot;
  return {
    SnapshotName: name,
    CacheClusterId: cluster.id,
    SnapshotStatus: status,
    SnapshotSource: 'manual',
    CacheNodeType: cluster.nodeType,
    Engine: 'memcached',
    EngineVersion: cluster.engineVersion,
    NumCacheNodes: staying(cluster).length,
    PreferredAvailabilityZone: cluster.zone,
    CacheClusterCreateTime: cluster.createdMs,
    PreferredMaintenanceWindow: cluster.maintenanceWindow,
    TopicArn: cluster.topicArn,
    Port: cluster.port,
    CacheParameterGroupName: cluster.parameterGroup,
    CacheSubnetGroupName: cluster.subnetGroup,
    AutoMinorVersionUpgrade: cluster.upgradesMinorVersions,
    // The file has the items of all nodes.
    NodeSnapshots: [
      {
        CacheClusterId: cluster.id,
        CacheSize: `${Math.ceil(bytes / MEBIBYTE)} MB`,
        SnapshotCreateTime: createdMs,
      },
    ],
    ARN: arnOf(region, { kind: 'snapshot', id: name }),
  };
}
