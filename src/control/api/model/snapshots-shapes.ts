import { boolean, integer, list, oneOf, structure, text, time } from '../fields.ts';

const nodeGroupConfiguration = structure({
  NodeGroupId: text,
  Slots: text,
  ReplicaCount: integer,
  PrimaryAvailabilityZone: text,
  ReplicaAvailabilityZones: list('AvailabilityZone', text),
  PrimaryOutpostArn: text,
  ReplicaOutpostArns: list('OutpostArn', text),
});

const nodeSnapshot = structure({
  CacheClusterId: text,
  NodeGroupId: text,
  CacheNodeId: text,
  NodeGroupConfiguration: nodeGroupConfiguration,
  CacheSize: text,
  CacheNodeCreateTime: time,
  SnapshotCreateTime: time,
});

export const snapshot = structure({
  SnapshotName: text,
  ReplicationGroupId: text,
  ReplicationGroupDescription: text,
  CacheClusterId: text,
  SnapshotStatus: text,
  SnapshotSource: text,
  CacheNodeType: text,
  Engine: text,
  EngineVersion: text,
  NumCacheNodes: integer,
  PreferredAvailabilityZone: text,
  PreferredOutpostArn: text,
  CacheClusterCreateTime: time,
  PreferredMaintenanceWindow: text,
  TopicArn: text,
  Port: integer,
  CacheParameterGroupName: text,
  CacheSubnetGroupName: text,
  VpcId: text,
  AutoMinorVersionUpgrade: boolean,
  SnapshotRetentionLimit: integer,
  SnapshotWindow: text,
  NumNodeGroups: integer,
  AutomaticFailover: oneOf('enabled', 'disabled', 'enabling', 'disabling'),
  NodeSnapshots: list('NodeSnapshot', nodeSnapshot),
  KmsKeyId: text,
  ARN: text,
  DataTiering: oneOf('enabled', 'disabled'),
});
