/** What operations of Application Auto Scaling look up and check. */
import { ApiError } from '../../api/errors.ts';
import { ACCOUNT } from '../../model/arn.ts';
import type { ClusterRecord } from '../../model/records.ts';
import type {
  ScalableTargetRecord,
  ScalingPolicyRecord,
  ScalingRecords,
  ScheduledActionRecord,
} from '../../scaling/records.ts';
import type { Context } from '../context.ts';

const NAMESPACE = 'elasticache';
const DIMENSION = 'elasticache:cache-cluster:Nodes';
/** Of a kind and a cluster: there are not more scheduled actions. */
const RECORDS_MAX = 200;
const RESOURCE = /^cache-cluster\/([a-z][a-z0-9-]{0,49})$/i;

export const invalid = (message: string): ApiError => new ApiError('ValidationException', message);

interface TargetName {
  readonly ServiceNamespace: string;
  readonly ResourceId?: string | undefined;
  readonly ScalableDimension?: string | undefined;
}

/** The cluster that a request names; undefined: it names none. @throws {ApiError} */
export function clusterIn(name: TargetName): string | undefined {
  const { ServiceNamespace, ResourceId, ScalableDimension = DIMENSION } = name;
  if (ServiceNamespace !== NAMESPACE) {
    throw invalid(`The only ServiceNamespace here is ${NAMESPACE}.`);
  }
  if (ScalableDimension !== DIMENSION) {
    throw invalid(`The only ScalableDimension here is ${DIMENSION}.`);
  }
  return ResourceId === undefined ? undefined : idOf(ResourceId);
}

/** @throws {ApiError} `ValidationException` */
export function idOf(resource: string): string {
  const [, id] = RESOURCE.exec(resource) ?? [];
  if (id === undefined) throw invalid('ResourceId must be cache-cluster/ and the id of a cluster.');
  return id.toLowerCase();
}

/** The members that name a target. */
export const namedTarget = (cluster: string) => ({
  ServiceNamespace: NAMESPACE,
  ResourceId: `cache-cluster/${cluster}`,
  ScalableDimension: DIMENSION,
});

/** @throws {ApiError} `ObjectNotFoundException` */
export function targetOf(cluster: string, { state }: Context): ScalableTargetRecord {
  const target = state.get('scalabletarget', cluster);
  // Another time: it is of a cluster that is gone.
  const isSame = state.get('cluster', cluster)?.createdMs === target?.clusterCreatedMs;
  if (target !== undefined && isSame) return target;
  throw notFound(`No scalable target is registered for cache-cluster/${cluster}.`);
}

export const notFound = (message: string): ApiError =>
  new ApiError('ObjectNotFoundException', message);

/** The records of a cluster, in the order of their ids. */
export function ofCluster<K extends Exclude<keyof ScalingRecords, 'scalabletarget'>>(
  kind: K,
  cluster: string,
  { state }: Pick<Context, 'state'>,
): readonly ScalingRecords[K][] {
  const records: readonly ScalingRecords[K][] = state.list(kind, `${cluster}/`, RECORDS_MAX);
  const end = records.findIndex((each) => each.cluster !== cluster);
  return end < 0 ? records : records.slice(0, end);
}

/** How many nodes a cluster may have by its bounds. @throws {ApiError} */
export function checkBounds(
  min: number | undefined,
  max: number | undefined,
  { replicas }: ClusterRecord,
  { limits }: Context,
): void {
  const most = limits.nodesPerClusterMax;
  for (const [name, value] of [
    ['MinCapacity', min],
    ['MaxCapacity', max],
  ] as const) {
    if (value === undefined || (value >= replicas && value <= most)) continue;
    throw invalid(`${name} is ${value}; for this cluster it must be ${replicas} to ${most}.`);
  }
  if (min !== undefined && max !== undefined && min > max) {
    throw invalid(`MinCapacity is ${min}, more than MaxCapacity, which is ${max}.`);
  }
}

export const targetArn = ({ uuid }: ScalableTargetRecord, { region }: Context): string =>
  `arn:aws:application-autoscaling:${region}:${ACCOUNT}:scalable-target/${uuid}`;

const arnIn = (cluster: string, region: string, kind: string, uuid: string): string =>
  `arn:aws:autoscaling:${region}:${ACCOUNT}:${kind}:${uuid}:resource/elasticache/cache-cluster/` +
  cluster;

export const policyArn = (
  { cluster, uuid, name }: ScalingPolicyRecord,
  { region }: Context,
): string => `${arnIn(cluster, region, 'scalingPolicy', uuid)}:policyName/${name}`;

export const scheduledActionArn = (
  { cluster, uuid, name }: ScheduledActionRecord,
  { region }: Context,
): string => `${arnIn(cluster, region, 'scheduledAction', uuid)}:scheduledActionName/${name}`;
