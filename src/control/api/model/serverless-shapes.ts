import { integer, list, oneOf, structure, text, time } from '../fields.ts';
import { endpoint } from './shared.ts';

const dataStorage = structure({
  Maximum: integer,
  Minimum: integer,
  Unit: oneOf('GB'),
});

const ecpuPerSecond = structure({
  Maximum: integer,
  Minimum: integer,
});

export const cacheUsageLimits = structure({
  DataStorage: dataStorage,
  ECPUPerSecond: ecpuPerSecond,
});

export const serverlessCache = structure({
  ServerlessCacheName: text,
  Description: text,
  CreateTime: time,
  Status: text,
  Engine: text,
  MajorEngineVersion: text,
  FullEngineVersion: text,
  CacheUsageLimits: cacheUsageLimits,
  KmsKeyId: text,
  SecurityGroupIds: list('SecurityGroupId', text),
  Endpoint: endpoint,
  ReaderEndpoint: endpoint,
  ARN: text,
  UserGroupId: text,
  SubnetIds: list('SubnetId', text),
  SnapshotRetentionLimit: integer,
  DailySnapshotTime: text,
  NetworkType: oneOf('ipv4', 'ipv6', 'dual_stack'),
  // Not AWS's: clients ignore what they do not know.
  SlabringUsage: structure({
    ElastiCacheProcessingUnits: integer,
    ThrottledCmds: integer,
    GigabyteHours: text,
    Until: time,
  }),
});

const serverlessCacheConfiguration = structure({
  ServerlessCacheName: text,
  Engine: text,
  MajorEngineVersion: text,
});

export const serverlessCacheSnapshot = structure({
  ServerlessCacheSnapshotName: text,
  ARN: text,
  KmsKeyId: text,
  SnapshotType: text,
  Status: text,
  CreateTime: time,
  ExpiryTime: time,
  BytesUsedForCache: text,
  ServerlessCacheConfiguration: serverlessCacheConfiguration,
});
