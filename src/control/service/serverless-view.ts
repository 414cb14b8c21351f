/** Serverless caches and their snapshots as the API shows them; pure. */
import type { OutputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { arnOf } from '../model/arn.ts';
import { DEFAULT_ENGINE_VERSION } from '../model/engine.ts';
import type { ServerlessRecord, ServerlessSnapshotRecord } from '../model/serverless-records.ts';
import type { Context } from './context.ts';
import { nodesOf } from './serverless-lookups.ts';

type ShownCache = NonNullable<
  OutputOf<(typeof OPERATIONS)['CreateServerlessCache']>['ServerlessCache']
>;
type ShownSnapshot = NonNullable<
  OutputOf<(typeof OPERATIONS)['CreateServerlessCacheSnapshot']>['ServerlessCacheSnapshot']
>;

const ENGINE = { Engine: 'memcached', MajorEngineVersion: '1.6' } as const;

export function cacheView(cache: ServerlessRecord, context: Context): ShownCache {
  const { name, status, limits, snapshotRetentionDays } = cache;
  const { proxy } = nodesOf(cache, context);
  const isUp = status !== 'creating' && status !== 'create-failed';
  const endpoint = { Address: context.limits.host, Port: proxy?.port };
  return {
    ServerlessCacheName: name,
    Description: cache.description,
    CreateTime: cache.createdMs,
    Status: status,
    ...ENGINE,
    FullEngineVersion: DEFAULT_ENGINE_VERSION,
    CacheUsageLimits: limitsView(limits),
    SecurityGroupIds: cache.securityGroupIds,
    ...(isUp && { Endpoint: endpoint, ReaderEndpoint: endpoint }),
    ARN: arnOf(context.region, { kind: 'serverlesscache', id: name }),
    UserGroupId: proxy?.userGroup,
    SubnetIds: cache.subnetIds,
    SnapshotRetentionLimit: snapshotRetentionDays,
    DailySnapshotTime: cache.dailySnapshotTime,
    NetworkType: cache.networkType,
    SlabringUsage: usageView(cache),
  };
}

function limitsView(limits: ServerlessRecord['limits']): ShownCache['CacheUsageLimits'] {
  const { gigabytesMin, gigabytesMax, ecpuPerSecondMin, ecpuPerSecondMax } = limits;
  const hasData = gigabytesMin !== undefined || gigabytesMax !== undefined;
  const hasEcpu = ecpuPerSecondMin !== undefined || ecpuPerSecondMax !== undefined;
  return {
    ...(hasData && { DataStorage: { Minimum: gigabytesMin, Maximum: gigabytesMax, Unit: 'GB' } }),
    ...(hasEcpu && { ECPUPerSecond: { Minimum: ecpuPerSecondMin, Maximum: ecpuPerSecondMax } }),
  };
}

const usageView = ({ usage }: ServerlessRecord): ShownCache['SlabringUsage'] => ({
  ElastiCacheProcessingUnits: Math.round(usage.ecpu),
  ThrottledCmds: usage.throttled,
  GigabyteHours: usage.gigabyteHours.toFixed(6),
  Until: usage.untilMs,
});

export function snapshotView(snapshot: ServerlessSnapshotRecord, region: string): ShownSnapshot {
  const { name, type, status, createdMs, expiresMs, bytes, cache } = snapshot;
  return {
    ServerlessCacheSnapshotName: name,
    ARN: arnOf(region, { kind: 'serverlesscachesnapshot', id: name }),
    SnapshotType: type,
    Status: status,
    CreateTime: createdMs,
    ExpiryTime: expiresMs,
    BytesUsedForCache: String(bytes),
    ServerlessCacheConfiguration: { ServerlessCacheName: cache, ...ENGINE },
  };
}
