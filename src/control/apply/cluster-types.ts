/** Clusters and serverless caches as resources. */
import { cacheUsageLimits } from '../api/model/serverless-shapes.ts';
import { engineVersion } from '../model/engine.ts';
import {
  boolean,
  defaulted,
  integer,
  object,
  removable,
  replacing,
  required,
  tags,
  text,
  texts,
} from './properties.ts';
import {
  type Calls,
  type Change,
  described,
  type ResourceType,
  retag,
  taken,
} from './resource-type.ts';
import type { Json, JsonObject } from './template-text.ts';

const CLUSTER = {
  AZMode: text,
  AutoMinorVersionUpgrade: defaulted(boolean, true),
  CacheNodeType: required(text),
  CacheParameterGroupName: removable(text),
  CacheSecurityGroupNames: defaulted(texts, []),
  CacheSubnetGroupName: replacing(text),
  ClusterName: replacing(text),
  Engine: replacing(required(text)),
  EngineVersion: text,
  IpDiscovery: defaulted(text, 'ipv4'),
  NetworkType: replacing(text),
  NotificationTopicArn: text,
  NumCacheNodes: required(integer),
  Port: replacing(integer),
  PreferredAvailabilityZone: replacing(text),
  PreferredAvailabilityZones: replacing(texts),
  PreferredMaintenanceWindow: text,
  SnapshotName: replacing(text),
  Tags: tags,
  TransitEncryptionEnabled: replacing(boolean),
  VpcSecurityGroupIds: defaulted(texts, []),
};

/** Members of `ModifyCacheCluster` that are properties of the same name. */
const MODIFIED = [
  ...['AZMode', 'AutoMinorVersionUpgrade', 'CacheNodeType', 'CacheParameterGroupName'],
  ...['CacheSecurityGroupNames', 'EngineVersion', 'IpDiscovery', 'NotificationTopicArn'],
  ...['NumCacheNodes', 'PreferredMaintenanceWindow'],
];

const clusterOf = (calls: Calls, id: string): Promise<JsonObject | undefined> =>
  described(
    calls,
    'DescribeCacheClusters',
    { CacheClusterId: id, ShowCacheNodeInfo: true },
    'CacheClusters',
  );

export const cacheCluster: ResourceType = {
  properties: CLUSTER,
  nameProperty: 'ClusterName',
  attributes: ['ConfigurationEndpoint.Address', 'ConfigurationEndpoint.Port', 'Arn'],
  snapshotMember: 'FinalSnapshotIdentifier',
  create: async (calls, id, { ClusterName: _, VpcSecurityGroupIds, ...rest }) => {
    const groups =
      VpcSecurityGroupIds === undefined ? {} : { SecurityGroupIds: VpcSecurityGroupIds };
    await calls('CreateCacheCluster', { CacheClusterId: id, ...rest, ...groups });
  },
  look: async (calls, id) => {
    const cluster = await clusterOf(calls, id);
    if (cluster === undefined) return undefined;
    const endpoint = (cluster['ConfigurationEndpoint'] ?? {}) as JsonObject;
    const status = String(cluster['CacheClusterStatus']);
    return {
      isReady: status === 'available',
      status,
      attributes: {
        'ConfigurationEndpoint.Address': endpoint['Address'] ?? '',
        'ConfigurationEndpoint.Port': String(endpoint['Port'] ?? ''),
        Arn: cluster['ARN'] ?? '',
      },
    };
  },
  update: async (calls, change) => {
    const { id, after, changed } = change;
    const cluster = await clusterOf(calls, id);
    const name = 'CacheParameterGroupName';
    const newVersion = changed.includes('EngineVersion') ? after['EngineVersion'] : undefined;
    const isChosen = changed.includes(name) || newVersion !== undefined;
    const needsDefault = isChosen && after[name] === undefined;
    const members = {
      ...taken(
        after,
        MODIFIED.filter((name) => changed.includes(name)),
      ),
      ...(changed.includes('VpcSecurityGroupIds') && {
        SecurityGroupIds: after['VpcSecurityGroupIds'] ?? [],
      }),
      ...(needsDefault && defaultGroup(newVersion ?? cluster?.['EngineVersion'])),
    };
    if (changed.includes('Tags')) await retag(calls, String(cluster?.['ARN']), change);
    if (Object.keys(members).length === 0) return;
    const removed = changed.includes('NumCacheNodes') ? removedNodes(cluster, after) : [];
    await calls('ModifyCacheCluster', {
      CacheClusterId: id,
      ...members,
      ...(removed.length > 0 && { CacheNodeIdsToRemove: removed }),
      ApplyImmediately: true,
    });
  },
  remove: async (calls, id, { snapshot }) => {
    await calls('DeleteCacheCluster', { CacheClusterId: id, ...snapshot });
  },
};

/** The group of the clusters of a version that have none of their own. */
function defaultGroup(version: Json | undefined): JsonObject {
  const found = engineVersion(String(version));
  // The call refuses a version that is not offered.
  return found === undefined ? {} : { CacheParameterGroupName: `default.${found.family}` };
}

/** The newest nodes leave. */
function removedNodes(cluster: JsonObject | undefined, { NumCacheNodes }: JsonObject): string[] {
  const nodes = (cluster?.['CacheNodes'] ?? []) as readonly JsonObject[];
  const ids = nodes.map(({ CacheNodeId }) => String(CacheNodeId)).sort();
  return ids.slice(Math.min(ids.length, Number(NumCacheNodes)));
}

const SERVERLESS_MODIFIED = [
  ...['CacheUsageLimits', 'DailySnapshotTime', 'Description', 'MajorEngineVersion'],
  ...['SecurityGroupIds', 'SnapshotRetentionLimit', 'UserGroupId'],
];

const serverlessOf = (calls: Calls, id: string): Promise<JsonObject | undefined> =>
  described(calls, 'DescribeServerlessCaches', { ServerlessCacheName: id }, 'ServerlessCaches');

export const serverlessCache: ResourceType = {
  properties: {
    CacheUsageLimits: object(cacheUsageLimits.fields),
    DailySnapshotTime: text,
    Description: defaulted(text, ''),
    Engine: replacing(required(text)),
    KmsKeyId: replacing(text),
    MajorEngineVersion: defaulted(text, '1.6'),
    NetworkType: replacing(text),
    SecurityGroupIds: defaulted(texts, []),
    ServerlessCacheName: replacing(text),
    SnapshotArnsToRestore: replacing(texts),
    SnapshotRetentionLimit: defaulted(integer, 0),
    SubnetIds: replacing(texts),
    Tags: tags,
    UserGroupId: removable(text),
  },
  nameProperty: 'ServerlessCacheName',
  attributes: ['ARN', 'Endpoint.Address', 'Endpoint.Port', 'Status', 'FullEngineVersion'],
  snapshotMember: 'FinalSnapshotName',
  create: async (calls, id, properties) => {
    await calls('CreateServerlessCache', { ...properties, ServerlessCacheName: id });
  },
  look: async (calls, id) => {
    const cache = await serverlessOf(calls, id);
    if (cache === undefined) return undefined;
    const status = String(cache['Status']).toLowerCase();
    const endpoint = (cache['Endpoint'] ?? {}) as JsonObject;
    return {
      isReady: status === 'available',
      status,
      attributes: {
        ARN: cache['ARN'] ?? '',
        'Endpoint.Address': endpoint['Address'] ?? '',
        'Endpoint.Port': String(endpoint['Port'] ?? ''),
        Status: cache['Status'] ?? '',
        FullEngineVersion: cache['FullEngineVersion'] ?? '',
      },
    };
  },
  update: async (calls, change: Change) => {
    const { id, after, changed } = change;
    if (changed.includes('Tags')) {
      await retag(calls, String((await serverlessOf(calls, id))?.['ARN']), change);
    }
    const names = SERVERLESS_MODIFIED.filter((name) => changed.includes(name));
    if (names.length === 0) return;
    const hasLost = names.includes('UserGroupId') && after['UserGroupId'] === undefined;
    const members = { ...taken(after, names), ...(hasLost && { RemoveUserGroup: true }) };
    await calls('ModifyServerlessCache', { ServerlessCacheName: id, ...members });
  },
  remove: async (calls, id, { snapshot }) => {
    await calls('DeleteServerlessCache', { ServerlessCacheName: id, ...snapshot });
  },
};
