/** The records of a new serverless cache: what its clients see, and its nodes. */
import { invalidCombination } from '../api/errors.ts';
import type { InputOf } from '../api/operation.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { parseArn } from '../model/arn.ts';
import { firstZone, windowFor } from '../model/cluster-rules.ts';
import { DEFAULT_ENGINE_VERSION } from '../model/engine.ts';
import { newNode, nodeId } from '../model/node-count.ts';
import { freePorts, PORTS_PER_CLUSTER } from '../model/ports.ts';
import { type ClusterRecord, everyCluster } from '../model/records.ts';
import { hiddenName } from '../model/serverless-names.ts';
import type { ServerlessRecord } from '../model/serverless-records.ts';
import {
  dailyTime,
  retentionDays,
  serverlessName,
  usageLimits,
} from '../model/serverless-rules.ts';
import { boundsOf, firstShape, typeFor } from '../serverless/shape.ts';
import type { Context } from './context.ts';
import { checkServerlessEngine, refuseKey } from './serverless-lookups.ts';
import { availableCacheSnapshot } from './serverless-snapshots.ts';
import { availableSnapshot } from './snapshots.ts';
import { userGroupOf } from './user-groups.ts';

type Create = InputOf<(typeof OPERATIONS)['CreateServerlessCache']>;

/** When nobody has chosen a time. */
const SNAPSHOT_TIME = '03:00';
const PARAMETER_GROUP = 'default.memcached1.6';

export function newCache(input: Create, { nowMs }: Context): ServerlessRecord {
  checkServerlessEngine(input);
  refuseKey(input.KmsKeyId);
  return {
    name: serverlessName('ServerlessCacheName', input.ServerlessCacheName),
    description: input.Description,
    createdMs: nowMs,
    status: 'creating',
    limits: usageLimits(input.CacheUsageLimits, {}),
    securityGroupIds: input.SecurityGroupIds ?? [],
    subnetIds: input.SubnetIds ?? [],
    networkType: input.NetworkType ?? 'ipv4',
    snapshotRetentionDays: retentionDays(input.SnapshotRetentionLimit ?? 0),
    dailySnapshotTime: dailyTime(input.DailySnapshotTime ?? SNAPSHOT_TIME),
    usage: { ecpu: 0, throttled: 0, gigabyteHours: 0, untilMs: nowMs },
    resizedMs: nowMs,
  };
}

/** The nodes of a new cache, with the proxy in front of them. */
export function newNodes(cache: ServerlessRecord, input: Create, context: Context): ClusterRecord {
  const { state, nowMs, limits, region } = context;
  const id = hiddenName(cache.name);
  const source = sourceOf(input.SnapshotArnsToRestore ?? [], context);
  const bounds = boundsOf(cache.limits, Number.POSITIVE_INFINITY);
  const shape = firstShape(bounds, source?.bytes ?? 0);
  const zone = firstZone(region);
  const port = freePorts(everyCluster(state), undefined, limits.firstPort);
  return {
    id,
    createdMs: nowMs,
    status: 'creating',
    nodeType: typeFor(shape),
    engineVersion: DEFAULT_ENGINE_VERSION,
    replicas: 1,
    port,
    zone,
    isCrossZone: false,
    parameterGroup: PARAMETER_GROUP,
    isApplying: false,
    subnetGroup: undefined,
    cacheSecurityGroups: [],
    securityGroupIds: [],
    maintenanceWindow: windowFor(cache.name),
    topicArn: undefined,
    isTopicActive: false,
    upgradesMinorVersions: true,
    networkType: 'ipv4',
    ipDiscovery: 'ipv4',
    nodes: Array.from({ length: shape.nodes }, (_, nth) => newNode(nodeId(nth + 1), zone, nowMs)),
    pending: {},
    restoreFrom: source?.file,
    proxy: {
      port: port + PORTS_PER_CLUSTER - 1,
      ecpuPerSecondMax: cache.limits.ecpuPerSecondMax,
      userGroup: input.UserGroupId && userGroupOf(input.UserGroupId, context).id,
    },
  };
}

interface Source {
  readonly file: string;
  readonly bytes: number;
}

/** The snapshot of a serverless cache, or of a cluster. */
function sourceOf(arns: readonly string[], context: Context): Source | undefined {
  const [arn, ...others] = arns;
  if (arn === undefined) return undefined;
  if (others.length > 0) {
    throw invalidCombination('SnapshotArnsToRestore must name one snapshot.');
  }
  const { kind, id = '' } = parseArn(arn) ?? {};
  if (kind === 'snapshot') {
    const { name, bytes } = availableSnapshot(id, context);
    return { file: name, bytes };
  }
  if (kind !== 'serverlesscachesnapshot') {
    throw invalidCombination(`SnapshotArnsToRestore is ${arn}: it is no ARN of a snapshot.`);
  }
  const { name, bytes } = availableCacheSnapshot(id, context);
  return { file: hiddenName(name), bytes };
}
