/** What operations of clusters look up and check. */
import { ApiError, invalidCombination, invalidValue } from '../api/errors.ts';
import { type EngineVersion, engineVersion } from '../model/engine.ts';
import { whyTooLarge } from '../model/node-options.ts';
import { type NodeType, nodeType } from '../model/node-types.ts';
import type { ParameterValues } from '../model/parameters.ts';
import { PORTS_PER_CLUSTER } from '../model/ports.ts';
import { type ClusterRecord, changeIsStuck } from '../model/records.ts';
import type { Context } from './context.ts';

/** @throws {ApiError} `CacheClusterNotFound` */
export function clusterOf(id: string, { state }: Context): ClusterRecord {
  const cluster = state.get('cluster', id.toLowerCase());
  if (cluster !== undefined) return cluster;
  throw new ApiError('CacheClusterNotFound', `CacheCluster not found: ${id}`);
}

/** @throws {ApiError} `CacheClusterNotFound` or `InvalidCacheClusterState` */
export function availableCluster(id: string, context: Context): ClusterRecord {
  const cluster = clusterOf(id, context);
  if (cluster.status === 'available') return cluster;
  throw new ApiError(
    'InvalidCacheClusterState',
    `The cluster ${cluster.id} is ${cluster.status}; wait until it is available.`,
  );
}

/**
 * A cluster that takes this change: it is available, or its own change is stuck and this one
 * begins now.
 * @throws {ApiError} `CacheClusterNotFound` or `InvalidCacheClusterState`
 */
export function changeableCluster(id: string, isNow: boolean, context: Context): ClusterRecord {
  const cluster = clusterOf(id, context);
  if (!changeIsStuck(cluster)) return availableCluster(id, context);
  if (isNow) return { ...cluster, failure: undefined };
  const text = `The change of ${cluster.id} fails: another one with ApplyImmediately replaces it.`;
  throw new ApiError('InvalidCacheClusterState', text);
}

export function save(cluster: ClusterRecord, { state, changed }: Context): void {
  state.put('cluster', cluster.id, cluster);
  changed(cluster.id);
}

/** @throws {ApiError} `InvalidParameterValue` */
export function typeOf(name: string) {
  const type = nodeType(name);
  if (type !== undefined) return type;
  throw invalidValue(
    `The cache node type ${name} does not exist here, or is larger than a node can be: such as ` +
      'cache.t3.micro, cache.m5.large, or slabring.256x2 for 256 MiB and 2 threads.',
  );
}

export function checkCount(count: number, { limits }: Context): void {
  const max = Math.min(limits.nodesPerClusterMax, PORTS_PER_CLUSTER);
  if (count < 1) throw invalidValue(`NumCacheNodes is ${count}; it must be at least 1.`);
  if (count <= max) return;
  throw new ApiError('NodeQuotaForClusterExceeded', `A cluster has at most ${max} nodes.`);
}

export function knownVersion(text: string): EngineVersion {
  const version = engineVersion(text);
  if (version !== undefined) return version;
  throw invalidValue(`The engine version ${text} does not exist: see DescribeCacheEngineVersions.`);
}

/** @throws {ApiError} `InvalidParameterCombination` if no node of a type can have these values. */
export function checkFits(type: NodeType, values: ParameterValues): void {
  const why = whyTooLarge(type, values);
  if (why !== undefined) throw invalidCombination(why);
}
