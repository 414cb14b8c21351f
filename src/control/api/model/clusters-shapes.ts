import { boolean, integer, list, oneOf, structure, text, time } from '../fields.ts';
import { endpoint } from './shared.ts';

const cloudWatchLogsDestinationDetails = structure({
  LogGroup: text,
});

const kinesisFirehoseDestinationDetails = structure({
  DeliveryStream: text,
});

const destinationDetails = structure({
  CloudWatchLogsDetails: cloudWatchLogsDestinationDetails,
  KinesisFirehoseDetails: kinesisFirehoseDestinationDetails,
});

export const logDeliveryConfigurationRequest = structure({
  LogType: oneOf('slow-log', 'engine-log'),
  DestinationType: oneOf('cloudwatch-logs', 'kinesis-firehose'),
  DestinationDetails: destinationDetails,
  LogFormat: oneOf('text', 'json'),
  Enabled: boolean,
});

const pendingLogDeliveryConfiguration = structure({
  LogType: oneOf('slow-log', 'engine-log'),
  DestinationType: oneOf('cloudwatch-logs', 'kinesis-firehose'),
  DestinationDetails: destinationDetails,
  LogFormat: oneOf('text', 'json'),
});

export const scaleConfig = structure({
  ScalePercentage: integer,
  ScaleIntervalMinutes: integer,
});

const pendingModifiedValues = structure({
  NumCacheNodes: integer,
  CacheNodeIdsToRemove: list('CacheNodeId', text),
  EngineVersion: text,
  CacheNodeType: text,
  AuthTokenStatus: oneOf('SETTING', 'ROTATING'),
  LogDeliveryConfigurations: list('member', pendingLogDeliveryConfiguration),
  TransitEncryptionEnabled: boolean,
  TransitEncryptionMode: oneOf('preferred', 'required'),
  ScaleConfig: scaleConfig,
});

const notificationConfiguration = structure({
  TopicArn: text,
  TopicStatus: text,
});

const cacheSecurityGroupMembership = structure({
  CacheSecurityGroupName: text,
  Status: text,
});

const cacheParameterGroupStatus = structure({
  CacheParameterGroupName: text,
  ParameterApplyStatus: text,
  CacheNodeIdsToReboot: list('CacheNodeId', text),
});

const cacheNode = structure({
  CacheNodeId: text,
  CacheNodeStatus: text,
  CacheNodeCreateTime: time,
  Endpoint: endpoint,
  ParameterGroupStatus: text,
  SourceCacheNodeId: text,
  CustomerAvailabilityZone: text,
  CustomerOutpostArn: text,
});

const securityGroupMembership = structure({
  SecurityGroupId: text,
  Status: text,
});

const logDeliveryConfiguration = structure({
  LogType: oneOf('slow-log', 'engine-log'),
  DestinationType: oneOf('cloudwatch-logs', 'kinesis-firehose'),
  DestinationDetails: destinationDetails,
  LogFormat: oneOf('text', 'json'),
  Status: oneOf('active', 'enabling', 'modifying', 'disabling', 'error'),
  Message: text,
});

export const cacheCluster = structure({
  CacheClusterId: text,
  ConfigurationEndpoint: endpoint,
  ClientDownloadLandingPage: text,
  CacheNodeType: text,
  Engine: text,
  EngineVersion: text,
  CacheClusterStatus: text,
  NumCacheNodes: integer,
  PreferredAvailabilityZone: text,
  PreferredOutpostArn: text,
  CacheClusterCreateTime: time,
  PreferredMaintenanceWindow: text,
  PendingModifiedValues: pendingModifiedValues,
  NotificationConfiguration: notificationConfiguration,
  CacheSecurityGroups: list('CacheSecurityGroup', cacheSecurityGroupMembership),
  CacheParameterGroup: cacheParameterGroupStatus,
  CacheSubnetGroupName: text,
  CacheNodes: list('CacheNode', cacheNode),
  AutoMinorVersionUpgrade: boolean,
  SecurityGroups: list('member', securityGroupMembership),
  ReplicationGroupId: text,
  SnapshotRetentionLimit: integer,
  SnapshotWindow: text,
  AuthTokenEnabled: boolean,
  AuthTokenLastModifiedDate: time,
  TransitEncryptionEnabled: boolean,
  AtRestEncryptionEnabled: boolean,
  ARN: text,
  ReplicationGroupLogDeliveryEnabled: boolean,
  LogDeliveryConfigurations: list('LogDeliveryConfiguration', logDeliveryConfiguration),
  NetworkType: oneOf('ipv4', 'ipv6', 'dual_stack'),
  IpDiscovery: oneOf('ipv4', 'ipv6'),
  TransitEncryptionMode: oneOf('preferred', 'required'),
});

export const cacheEngineVersion = structure({
  Engine: text,
  EngineVersion: text,
  CacheParameterGroupFamily: text,
  CacheEngineDescription: text,
  CacheEngineVersionDescription: text,
});

/** An extension: the request changes nothing, and its reply has the plan. */
export const dryRun = boolean;

/** What a change would do; an extension. Numbers are estimates. */
export const plan = structure({
  Steps: list(
    'Step',
    structure({
      Kind: text,
      CacheNodeId: text,
      SnapshotName: text,
      Keys: integer,
      Bytes: integer,
      Seconds: integer,
    }),
  ),
  MemoryBytes: integer,
  KeysLost: integer,
  BytesLost: integer,
  /** Nodes that did not tell what they hold. */
  SilentNodes: list('CacheNodeId', text),
});
