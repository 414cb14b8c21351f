/** CreateCacheCluster and the other operations of clusters. */
import { ApiError, invalidCombination, invalidValue } from '../api/errors.ts';
import type { InputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import {
  clusterId,
  firstZone,
  refuseRedisMembers,
  windowFor,
  windowMinutes,
} from '../model/cluster-rules.ts';
import { DEFAULT_ENGINE_VERSION, engineVersion, isUpgrade } from '../model/engine.ts';
import { newNode, nodeId, nodesAfter, withCount } from '../model/node-count.ts';
import { nodeType, otherTypes } from '../model/node-types.ts';
import { freePorts, PORTS_PER_CLUSTER } from '../model/ports.ts';
import type { ClusterRecord, PendingChange } from '../model/records.ts';
import { clusterView } from './cluster-view.ts';
import type { Context, Handlers } from './context.ts';
import { pageOf } from './paging.ts';
import { parameterGroup } from './parameter-groups.ts';
import { replicasOf, tagsFrom } from './tags.ts';

type Create = InputOf<(typeof OPERATIONS)['CreateCacheCluster']>;
type Modify = InputOf<(typeof OPERATIONS)['ModifyCacheCluster']>;

export const clusterHandlers = {
  CreateCacheCluster: (input, context) => {
    const { state, changed } = context;
    const cluster = newCluster(input, context);
    if (state.get('cluster', cluster.id) !== undefined) {
      throw new ApiError('CacheClusterAlreadyExists', `The cluster ${cluster.id} exists already.`);
    }
    state.put('cluster', cluster.id, cluster);
    state.setTags('cluster', cluster.id, tagsFrom(input.Tags));
    changed(cluster.id);
    return { CacheCluster: clusterView(cluster, context) };
  },

  DescribeCacheClusters: (input, context) => {
    const { state } = context;
    const show = (cluster: ClusterRecord) =>
      clusterView(cluster, context, input.ShowCacheNodeInfo === true);
    if (input.CacheClusterId !== undefined) {
      return { CacheClusters: [show(clusterOf(input.CacheClusterId, context))] };
    }
    const { records, ...rest } = pageOf(
      input,
      ({ id }: ClusterRecord) => id,
      (after, limit) => state.list('cluster', after, limit),
    );
    return { ...rest, CacheClusters: records.map(show) };
  },

  ModifyCacheCluster: (input, context) => {
    const cluster = availableCluster(input.CacheClusterId, context);
    const changed = modified(cluster, input, context);
    const applied =
      input.ApplyImmediately === true ? withPendingApplied(changed, context) : changed;
    save(applied, context);
    return { CacheCluster: clusterView(applied, context) };
  },

  RebootCacheCluster: (input, context) => {
    const cluster = availableCluster(input.CacheClusterId, context);
    const ids = new Set(input.CacheNodeIdsToReboot);
    const unknown = [...ids].find((id) => !cluster.nodes.some((node) => node.id === id));
    if (unknown !== undefined)
      throw invalidValue(`The cluster ${cluster.id} has no node ${unknown}.`);
    const nodes = cluster.nodes.map((node) =>
      ids.has(node.id) ? ({ ...node, status: 'rebooting' } as const) : node,
    );
    const rebooting = { ...cluster, status: 'rebooting cluster nodes', nodes } as const;
    save(rebooting, context);
    return { CacheCluster: clusterView(rebooting, context) };
  },

  DeleteCacheCluster: (input, context) => {
    const cluster = availableCluster(input.CacheClusterId, context);
    if (input.FinalSnapshotIdentifier !== undefined) {
      throw invalidCombination('FinalSnapshotIdentifier is not supported for Memcached clusters.');
    }
    const deleting = { ...cluster, status: 'deleting' } as const;
    save(deleting, context);
    return { CacheCluster: clusterView(deleting, context) };
  },

  ListAllowedNodeTypeModifications: (input, context) => {
    if (input.CacheClusterId === undefined) {
      throw invalidCombination('CacheClusterId must be given: there are no replication groups.');
    }
    const type = typeOf(clusterOf(input.CacheClusterId, context).nodeType);
    const { larger, smaller } = otherTypes(type);
    return { ScaleUpModifications: larger, ScaleDownModifications: smaller };
  },
} satisfies Handlers;

/** @throws {ApiError} `CacheClusterNotFound` */
function clusterOf(id: string, { state }: Context): ClusterRecord {
  const cluster = state.get('cluster', id.toLowerCase());
  if (cluster !== undefined) return cluster;
  throw new ApiError('CacheClusterNotFound', `CacheCluster not found: ${id}`);
}

/** @throws {ApiError} `CacheClusterNotFound` or `InvalidCacheClusterState` */
function availableCluster(id: string, context: Context): ClusterRecord {
  const cluster = clusterOf(id, context);
  if (cluster.status === 'available') return cluster;
  throw new ApiError(
    'InvalidCacheClusterState',
    `The cluster ${cluster.id} is ${cluster.status}; wait until it is available.`,
  );
}

function save(cluster: ClusterRecord, { state, changed }: Context): void {
  state.put('cluster', cluster.id, cluster);
  changed(cluster.id);
}

/** @throws {ApiError} `InvalidParameterValue` */
function typeOf(name: string) {
  const type = nodeType(name);
  if (type !== undefined) return type;
  throw invalidValue(
    `The cache node type ${name} does not exist here, or is larger than a node can be: such as ` +
      'cache.t3.micro, cache.m5.large, or slabring.256x2 for 256 MiB and 2 threads.',
  );
}

function newCluster(input: Create, context: Context): ClusterRecord {
  refuseRedisMembers(input);
  const { state, nowMs, limits, region } = context;
  const id = clusterId(input.CacheClusterId);
  const { Engine = 'memcached', NumCacheNodes: count, CacheNodeType: type } = input;
  if (Engine.toLowerCase() !== 'memcached') {
    throw invalidValue(`The engine ${Engine} is not offered: it must be memcached.`);
  }
  if (count === undefined || type === undefined) {
    throw invalidCombination('A Memcached cluster needs NumCacheNodes and CacheNodeType.');
  }
  checkCount(count, context);
  const replicas = replicasOf(tagsFrom(input.Tags), count);
  const version = knownVersion(input.EngineVersion ?? DEFAULT_ENGINE_VERSION);
  const zones = zonesOf(input, count, firstZone(region));
  const window = input.PreferredMaintenanceWindow?.toLowerCase() ?? windowFor(id);
  windowMinutes(window);
  return {
    id,
    createdMs: nowMs,
    status: 'creating',
    nodeType: typeOf(type).name,
    engineVersion: version.version,
    replicas,
    port: freePorts(state.list('cluster'), input.Port, limits.firstPort),
    zone: zones[0]!,
    isCrossZone: new Set(zones).size > 1,
    parameterGroup: parameterGroup(input.CacheParameterGroupName, version.family, context),
    parameters: {},
    subnetGroup: subnetGroup(input.CacheSubnetGroupName, context),
    cacheSecurityGroups: input.CacheSecurityGroupNames ?? [],
    securityGroupIds: input.SecurityGroupIds ?? [],
    maintenanceWindow: window,
    topicArn: input.NotificationTopicArn,
    isTopicActive: input.NotificationTopicArn !== undefined,
    upgradesMinorVersions: input.AutoMinorVersionUpgrade ?? true,
    networkType: input.NetworkType ?? 'ipv4',
    ipDiscovery: input.IpDiscovery ?? 'ipv4',
    nodes: zones.map((zone, nth) => newNode(nodeId(nth + 1), zone, nowMs)),
    pending: {},
  };
}

function checkCount(count: number, { limits }: Context): void {
  const max = Math.min(limits.nodesPerClusterMax, PORTS_PER_CLUSTER);
  if (count < 1) throw invalidValue(`NumCacheNodes is ${count}; it must be at least 1.`);
  if (count <= max) return;
  throw new ApiError('NodeQuotaForClusterExceeded', `A cluster has at most ${max} nodes.`);
}

function knownVersion(text: string) {
  const version = engineVersion(text);
  if (version !== undefined) return version;
  throw invalidValue(`The engine version ${text} does not exist: see DescribeCacheEngineVersions.`);
}

/** One for each node. */
function zonesOf(input: Create, count: number, first: string): readonly string[] {
  const { PreferredAvailabilityZones: zones, PreferredAvailabilityZone: zone, AZMode } = input;
  if (zones !== undefined && zone !== undefined) {
    throw invalidCombination('Give PreferredAvailabilityZone or PreferredAvailabilityZones.');
  }
  if (zones !== undefined && zones.length !== count) {
    throw invalidCombination(
      `PreferredAvailabilityZones must name ${count} zones, one for a node.`,
    );
  }
  const all = zones ?? Array.from({ length: count }, () => zone ?? first);
  const isCross = new Set(all).size > 1;
  if (AZMode === 'single-az' && isCross) {
    throw invalidCombination('AZMode is single-az, and the nodes are in several zones.');
  }
  if (AZMode === 'cross-az' && count < 2) {
    throw invalidCombination('AZMode is cross-az, which needs two nodes or more.');
  }
  return all;
}

function subnetGroup(name: string | undefined, { state }: Context): string | undefined {
  if (name === undefined) return undefined;
  const found = state.get('subnetgroup', name.toLowerCase());
  if (found !== undefined) return found.name;
  throw new ApiError('CacheSubnetGroupNotFoundFault', `There is no cache subnet group ${name}.`);
}

/** What waits for the window, and what is as the request wants at once. */
function modified(cluster: ClusterRecord, input: Modify, context: Context): ClusterRecord {
  refuseRedisMembers(input);
  const window = input.PreferredMaintenanceWindow?.toLowerCase() ?? cluster.maintenanceWindow;
  windowMinutes(window);
  if (input.AZMode === 'single-az' && cluster.isCrossZone) {
    throw invalidCombination('The nodes of the cluster are in several zones, and none moves.');
  }
  const { family } = knownVersion(input.EngineVersion ?? cluster.engineVersion);
  const group = input.CacheParameterGroupName ?? cluster.parameterGroup;
  const topicArn = input.NotificationTopicArn ?? cluster.topicArn;
  return {
    ...cluster,
    maintenanceWindow: window,
    parameterGroup: parameterGroup(group, family, context),
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
    pending: pendingAfter(cluster, input, context),
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
  if (CacheNodeType !== undefined) pending = { ...pending, nodeType: typeOf(CacheNodeType).name };
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
