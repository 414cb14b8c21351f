/** A cluster as the API shows it; pure. */
import type { OutputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { arnOf } from '../model/arn.ts';
import { staying } from '../model/node-count.ts';
import { differing, type ParameterValues } from '../model/parameters.ts';
import type { ClusterRecord, NodeRecord } from '../model/records.ts';
import type { Context } from './context.ts';

type CacheCluster = NonNullable<
  OutputOf<(typeof OPERATIONS)['CreateCacheCluster']>['CacheCluster']
>;

/** @param withNodes whether each node is shown (ShowCacheNodeInfo). */
export function clusterView(
  cluster: ClusterRecord,
  { region, limits, state }: Pick<Context, 'region' | 'limits' | 'state'>,
  withNodes = false,
): CacheCluster {
  const { id, status } = cluster;
  const isUp = status !== 'creating' && status !== 'deleting';
  const { values = {} } = state.get('parametergroup', cluster.parameterGroup) ?? {};
  const pending = new Set(pendingReboot(cluster, values));
  return {
    CacheClusterId: id,
    ...(isUp && { ConfigurationEndpoint: { Address: limits.host, Port: cluster.port } }),
    CacheNodeType: cluster.nodeType,
    Engine: 'memcached',
    EngineVersion: cluster.engineVersion,
    CacheClusterStatus: status,
    NumCacheNodes: staying(cluster).length,
    PreferredAvailabilityZone: cluster.isCrossZone ? 'Multiple' : cluster.zone,
    CacheClusterCreateTime: cluster.createdMs,
    PreferredMaintenanceWindow: cluster.maintenanceWindow,
    PendingModifiedValues: pendingView(cluster),
    ...topicView(cluster),
    CacheSecurityGroups: cluster.cacheSecurityGroups.map((name) => ({
      CacheSecurityGroupName: name,
      Status: 'active',
    })),
    CacheParameterGroup: parametersView(cluster, pending),
    CacheSubnetGroupName: cluster.subnetGroup,
    ...(withNodes &&
      isUp && {
        CacheNodes: cluster.nodes.map((node) => nodeView(node, cluster, limits, pending)),
      }),
    AutoMinorVersionUpgrade: cluster.upgradesMinorVersions,
    SecurityGroups: cluster.securityGroupIds.map((group) => ({
      SecurityGroupId: group,
      Status: 'active',
    })),
    AuthTokenEnabled: false,
    TransitEncryptionEnabled: false,
    AtRestEncryptionEnabled: false,
    ARN: arnOf(region, { kind: 'cluster', id }),
    NetworkType: cluster.networkType,
    IpDiscovery: cluster.ipDiscovery,
  };
}

const parametersView = (
  { parameterGroup, isApplying }: ClusterRecord,
  pending: ReadonlySet<string>,
): NonNullable<CacheCluster['CacheParameterGroup']> => ({
  CacheParameterGroupName: parameterGroup,
  ParameterApplyStatus: isApplying ? 'applying' : pending.size > 0 ? 'pending-reboot' : 'in-sync',
  CacheNodeIdsToReboot: [...pending],
});

const topicView = ({ topicArn, isTopicActive }: ClusterRecord) =>
  topicArn === undefined
    ? {}
    : {
        NotificationConfiguration: {
          TopicArn: topicArn,
          TopicStatus: isTopicActive ? 'active' : 'inactive',
        },
      };

function pendingView({
  pending,
}: ClusterRecord): NonNullable<CacheCluster['PendingModifiedValues']> {
  return {
    NumCacheNodes: pending.numCacheNodes,
    CacheNodeIdsToRemove: pending.nodeIdsToRemove,
    EngineVersion: pending.engineVersion,
    CacheNodeType: pending.nodeType,
    ...(pending.scale !== undefined && {
      ScaleConfig: {
        ScalePercentage: pending.scale.percentage,
        ScaleIntervalMinutes: pending.scale.intervalMinutes,
      },
    }),
  };
}

/** A node that comes or goes has no endpoint: no client should use it. */
function nodeView(
  { id, status, zone, createdMs }: NodeRecord,
  { port }: ClusterRecord,
  { host }: Context['limits'],
  pending: ReadonlySet<string>,
): NonNullable<CacheCluster['CacheNodes']>[number] {
  const isUsable = status === 'available' || status === 'rebooting';
  return {
    CacheNodeId: id,
    CacheNodeStatus: status,
    CacheNodeCreateTime: createdMs,
    ...(isUsable && { Endpoint: { Address: host, Port: port + Number(id) - 1 } }),
    ParameterGroupStatus: pending.has(id) ? 'pending-reboot' : 'in-sync',
    CustomerAvailabilityZone: zone,
  };
}

/** The nodes that need a reboot for the values of their group. */
const pendingReboot = (cluster: ClusterRecord, values: ParameterValues): readonly string[] =>
  staying(cluster)
    .filter(
      ({ parameters = values }) => differing('requires-reboot', parameters, values).length > 0,
    )
    .map(({ id }) => id);
