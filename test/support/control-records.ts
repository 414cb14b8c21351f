import type { ClusterRecord, NodeRecord } from '../../src/control/model/records.ts';

/** A cluster with nodes 0001 and so on, all in one status. */
export function clusterRecord({
  nodes = 3,
  status = 'available',
  ...changes
}: Partial<Omit<ClusterRecord, 'nodes' | 'status'>> & {
  readonly nodes?: number;
  readonly status?: NodeRecord['status'];
}): ClusterRecord {
  return {
    id: 'web',
    createdMs: 0,
    status: status === 'creating' ? 'creating' : 'available',
    nodeType: 'cache.t3.micro',
    engineVersion: '1.6.22',
    replicas: 1,
    port: 12_000,
    zone: 'local-1a',
    isCrossZone: false,
    parameterGroup: 'default.memcached1.6',
    isApplying: false,
    subnetGroup: undefined,
    cacheSecurityGroups: [],
    securityGroupIds: [],
    maintenanceWindow: 'sun:03:00-sun:04:00',
    topicArn: undefined,
    isTopicActive: false,
    upgradesMinorVersions: true,
    networkType: 'ipv4',
    ipDiscovery: 'ipv4',
    nodes: Array.from({ length: nodes }, (_, nth) => ({
      id: String(nth + 1).padStart(4, '0'),
      status,
      zone: 'local-1a',
      createdMs: 0,
    })),
    pending: {},
    ...changes,
  };
}
