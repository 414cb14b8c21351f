/** The record of a new cluster. */
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
import { DEFAULT_ENGINE_VERSION } from '../model/engine.ts';
import { newNode, nodeId, staying } from '../model/node-count.ts';
import { freePorts } from '../model/ports.ts';
import { type ClusterRecord, everyCluster } from '../model/records.ts';
import { checkCount, checkFits, knownVersion, typeOf } from './cluster-lookups.ts';
import type { Context } from './context.ts';
import { groupValues, parameterGroup } from './parameter-groups.ts';
import { availableSnapshot } from './snapshots.ts';
import { replicasOf, tagsFrom, USER_GROUP_TAG } from './tags.ts';
import { userGroupOf } from './user-groups.ts';

type Create = InputOf<(typeof OPERATIONS)['CreateCacheCluster']>;

export function newCluster(input: Create, context: Context): ClusterRecord {
  refuseRedisMembers(input);
  if (input.TransitEncryptionEnabled === true) {
    // To ignore it would leave clients that trust it without encryption.
    const text = 'The nodes of a cluster have no TLS here: leave TransitEncryptionEnabled out.';
    throw invalidCombination(text);
  }
  const { state, nowMs, limits, region } = context;
  const id = clusterId(input.CacheClusterId);
  const { count, type, restoreFrom } = sizeOf(input, context);
  const tags = tagsFrom(input.Tags);
  const replicas = replicasOf(tags, count);
  const group = tags[USER_GROUP_TAG];
  const version = knownVersion(input.EngineVersion ?? DEFAULT_ENGINE_VERSION);
  const nodeType = typeOf(type);
  const parameters = parameterGroup(input.CacheParameterGroupName, version.family, context);
  checkFits(nodeType, groupValues(parameters, context));
  const zones = zonesOf(input, count, firstZone(region));
  const window = input.PreferredMaintenanceWindow?.toLowerCase() ?? windowFor(id);
  windowMinutes(window);
  return {
    id,
    createdMs: nowMs,
    status: 'creating',
    nodeType: nodeType.name,
    engineVersion: version.version,
    replicas,
    port: freePorts(everyCluster(state), input.Port, limits.firstPort),
    zone: zones[0]!,
    isCrossZone: new Set(zones).size > 1,
    parameterGroup: parameters,
    userGroup: group && userGroupOf(group, context).id,
    isApplying: false,
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
    restoreFrom,
  };
}

/** How many nodes of which type: as the request says, or as the snapshot had them. */
function sizeOf(input: Create, context: Context) {
  const from = input.SnapshotName && availableSnapshot(input.SnapshotName, context);
  const old = from ? from.cluster : undefined;
  const {
    Engine = 'memcached',
    NumCacheNodes: count = old && staying(old).length,
    CacheNodeType: type = old?.nodeType,
  } = input;
  if (Engine.toLowerCase() !== 'memcached') {
    throw invalidValue(`The engine ${Engine} is not offered: it must be memcached.`);
  }
  if (count === undefined || type === undefined) {
    throw invalidCombination('A Memcached cluster needs NumCacheNodes and CacheNodeType.');
  }
  checkCount(count, context);
  return { count, type, restoreFrom: from ? from.name : undefined };
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
