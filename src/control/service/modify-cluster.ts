/** What ModifyCacheCluster makes of a cluster. */
import { invalidCombination, invalidValue } from '../api/errors.ts';
import type { InputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { refuseRedisMembers, scaleBatches, windowMinutes } from '../model/cluster-rules.ts';
import { isUpgrade } from '../model/engine.ts';
import { withGroupValues } from '../model/group-values.ts';
import { nodesAfter, staying, withCount } from '../model/node-count.ts';
import type { ClusterRecord, PendingChange } from '../model/records.ts';
import { checkCount, checkFits, knownVersion, typeOf } from './cluster-lookups.ts';
import type { Context } from './context.ts';
import { groupValues, parameterGroup } from './parameter-groups.ts';

type Modify = InputOf<(typeof OPERATIONS)['ModifyCacheCluster']>;

/** What waits for the window, and what is as the request wants at once. */
export function modified(cluster: ClusterRecord, input: Modify, context: Context): ClusterRecord {
  refuseRedisMembers(input);
  const window = input.PreferredMaintenanceWindow?.toLowerCase() ?? cluster.maintenanceWindow;
  windowMinutes(window);
  if (input.AZMode === 'single-az' && cluster.isCrossZone) {
    throw invalidCombination('The nodes of the cluster are in several zones, and none moves.');
  }
  const { family } = knownVersion(input.EngineVersion ?? cluster.engineVersion);
  const group = input.CacheParameterGroupName ?? cluster.parameterGroup;
  const topicArn = input.NotificationTopicArn ?? cluster.topicArn;
  const parameters = parameterGroup(group, family, context);
  const pending = pendingAfter(cluster, input, context);
  const values = groupValues(parameters, context);
  checkFits(typeOf(pending.nodeType ?? cluster.nodeType), values);
  return {
    ...withGroupValues(cluster, values),
    maintenanceWindow: window,
    parameterGroup: parameters,
    topicArn,
    isTopicActive:
      input.NotificationTopicStatus === undefined
        ? topicArn !== undefined &&
          (cluster.isTopicActive || input.NotificationTopicArn !== undefined)
        : input.NotificationTopicStatus === 'active',
    upgradesMinorVersions: input.AutoMinorVersionUpgrade ?? cluster.upgradesMinorVersions,
    cacheSecurityGroups: input.CacheSecurityGroupNames ?? cluster.cacheSecurityGroups,
    securityGroupIds: input.SecurityGroupIds ?? cluster.securityGroupIds,
    isCrossZone: cluster.isCrossZone || input.AZMode === 'cross-az',
    ipDiscovery: input.IpDiscovery ?? cluster.ipDiscovery,
    pending,
  };
}

function pendingAfter(cluster: ClusterRecord, input: Modify, context: Context): PendingChange {
  const { NumCacheNodes, CacheNodeIdsToRemove, NewAvailabilityZones, CacheNodeType } = input;
  let pending = cluster.pending;
  if (NumCacheNodes !== undefined) {
    checkCount(NumCacheNodes, context);
    if (NumCacheNodes < cluster.replicas) {
      throw invalidValue(
        `The cluster holds each key ${cluster.replicas} times: keep as many nodes.`,
      );
    }
    pending = withCount(cluster, {
      numCacheNodes: NumCacheNodes,
      nodeIdsToRemove: CacheNodeIdsToRemove ?? [],
      newZones: NewAvailabilityZones ?? [],
    });
  }
  if (CacheNodeType !== undefined) pending = withType(pending, CacheNodeType, input);
  else if (input.ScaleConfig !== undefined) {
    throw invalidCombination('ScaleConfig is only for another CacheNodeType.');
  }
  if (input.EngineVersion !== undefined) {
    const { version } = knownVersion(input.EngineVersion);
    if (isUpgrade(version, cluster.engineVersion)) {
      throw invalidValue(
        `The cluster has engine version ${cluster.engineVersion}; it never gets an older one.`,
      );
    }
    pending = { ...pending, engineVersion: version };
  }
  return pending;
}

/** A newer type takes the batches of an older one with it. */
function withType(pending: PendingChange, type: string, { ScaleConfig }: Modify): PendingChange {
  const { scale: _, ...rest } = pending;
  return {
    ...rest,
    nodeType: typeOf(type).name,
    ...(ScaleConfig !== undefined && { scale: scaleBatches(ScaleConfig) }),
  };
}

/** The cluster begins to change as it waited to. */
export function withPendingApplied(
  cluster: ClusterRecord,
  { nowMs }: Pick<Context, 'nowMs'>,
): ClusterRecord {
  const { pending } = cluster;
  if (Object.keys(pending).length === 0) return cluster;
  return {
    ...cluster,
    status: 'modifying',
    nodeType: pending.nodeType ?? cluster.nodeType,
    engineVersion: pending.engineVersion ?? cluster.engineVersion,
    nodes: pending.numCacheNodes === undefined ? cluster.nodes : nodesAfter(cluster, nowMs),
    isCrossZone:
      cluster.isCrossZone || new Set([cluster.zone, ...(pending.newZones ?? [])]).size > 1,
    pending: {},
  };
}

/**
 * The cluster begins to have so many nodes; the last ones go. What else waits for the window still
 * does.
 */
export function scaled(cluster: ClusterRecord, count: number, context: Context): ClusterRecord {
  const { numCacheNodes: _n, nodeIdsToRemove: _i, newZones: _z, ...rest } = cluster.pending;
  checkCount(count, context);
  const nodeIdsToRemove = staying(cluster)
    .slice(count)
    .map(({ id }) => id);
  const request = { numCacheNodes: count, nodeIdsToRemove, newZones: [] };
  const pending = withCount({ ...cluster, pending: {} }, request);
  return { ...withPendingApplied({ ...cluster, pending }, context), pending: rest };
}
