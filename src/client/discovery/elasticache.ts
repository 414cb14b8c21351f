import type { ValuesOf } from '../../base/index.ts';
import { type ClusterConfig, decodeClusterConfig } from '../../protocol/client.ts';
import {
  type KnownNode,
  type NodeAddress,
  readNodes,
  type Topology,
} from '../../topology/index.ts';
import type { Discovery } from '../base/discovery.ts';
import { nodesOf } from '../base/nodes.ts';
import { type ClientRuntime, machineRuntime } from '../connection/runtime.ts';
import { elastiCacheOptions } from '../option-tables/discovery-options.ts';
import { valuesOf } from '../option-tables/resolve.ts';
import type { ElastiCacheOptions } from '../option-types/discovery.ts';
import { queryEndpoint } from './config-endpoint.ts';
import { CANDIDATES_MAX, distinctEndpoints, pollEndpoints } from './endpoints.ts';
import { PollingDiscovery } from './polling.ts';

/**
 * ElastiCache's auto discovery, which AWS and `slabring --cluster-nodes` provide: it queries the
 * cluster config and its version at intervals. Each poll starts with the next endpoint, and
 * continues with another one if that fails or sends an older topology. Polls also query the nodes
 * of the last topology, so the endpoints may leave the cluster. If a new cluster restarts its
 * versions, polls fail until the versions have caught up; create a new client in that case.
 * @param runtime internal: what a test simulates.
 * @throws {CacheError} ERR_ARGUMENT for an invalid option.
 */
export function elastiCache(
  options: ElastiCacheOptions,
  runtime: ClientRuntime = machineRuntime,
): Discovery {
  const values = valuesOf(elastiCacheOptions, options);
  const endpoints = nodesOf(values.endpoints);
  let pollCount = 0;
  const source = {
    deadlineMs: values.deadlineMs,
    candidates: (known: Topology | undefined) => candidatesOf(endpoints, known, pollCount++),
    query: async (endpoint: NodeAddress, signal: AbortSignal): Promise<Topology> => {
      const data = await queryEndpoint(endpoint, options, signal, runtime);
      return topologyOf(decodeClusterConfig(data), values.connectBy);
    },
  };
  return new PollingDiscovery(pollEndpoints(source, runtime), values, runtime);
}

type ElastiCacheValues = ValuesOf<(typeof elastiCacheOptions)['table']>;

/**
 * The endpoints that poll `nth` queries: endpoints and known nodes, each once, rotated by `nth`.
 */
export function candidatesOf(
  endpoints: readonly NodeAddress[],
  known: Topology | undefined,
  nth: number,
): readonly NodeAddress[] {
  const all = distinctEndpoints(endpoints, known);
  const first = nth % all.length;
  return [...all.slice(first), ...all.slice(0, first)].slice(0, CANDIDATES_MAX);
}

/** The topology that a cluster config describes. */
export function topologyOf(
  { version, nodes }: ClusterConfig,
  connectBy: ElastiCacheValues['connectBy'],
): Topology {
  const known = nodes.map(({ host, ip, port }): KnownNode => {
    const [node] = readNodes([{ host, port }]) as [NodeAddress];
    if (ip === '') return node;
    return connectBy === 'ip' ? { ...node, ip, connect: { host: ip, port } } : { ...node, ip };
  });
  return { version, nodes: known };
}
