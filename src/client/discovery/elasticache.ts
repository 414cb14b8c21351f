import type { ValuesOf } from '../../base/index.ts';
import { type ClusterConfig, decodeClusterConfig } from '../../protocol/client.ts';
import {
  type KnownNode,
  type NodeAddress,
  readNodes,
  sameNodes,
  type Topology,
} from '../../topology/index.ts';
import type { Discovery } from '../base/discovery.ts';
import { CacheError } from '../base/errors.ts';
import { nodesOf } from '../base/nodes.ts';
import { type ClientRuntime, machineRuntime } from '../connection/runtime.ts';
import { elastiCacheOptions } from '../option-tables/discovery-options.ts';
import { valuesOf } from '../option-tables/resolve.ts';
import type { ElastiCacheOptions } from '../option-types/discovery.ts';
import { type EndpointAccess, queryEndpoint } from './config-endpoint.ts';
import { type Poll, PollingDiscovery } from './polling.ts';
import { withTimeLimit } from './time-limit.ts';

/** One poll queries at most this many endpoints. */
const CANDIDATES_MAX = 8;
/** The queries' share of a poll's time; the rest is for reporting which endpoint failed and why. */
const QUERY_TIME_SHARE = 0.9;

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
  return new PollingDiscovery(pollEndpoints(options, values, runtime), values, runtime);
}

type ElastiCacheValues = ValuesOf<(typeof elastiCacheOptions)['table']>;

function pollEndpoints(
  access: EndpointAccess,
  values: ElastiCacheValues,
  runtime: ClientRuntime,
): Poll {
  const endpoints = nodesOf(values.endpoints);
  const { connectBy, deadlineMs } = values;
  let pollCount = 0;
  return async (signal, known) => {
    const candidates = candidatesOf(endpoints, known, pollCount++);
    const endsAtMs = runtime.now() + deadlineMs * QUERY_TIME_SHARE;
    const failures: Error[] = [];
    for (const [at, endpoint] of candidates.entries()) {
      // Each candidate has a share of the time, so a stalled one cannot use up the poll.
      const shareMs = (endsAtMs - runtime.now()) / (candidates.length - at);
      try {
        const query = (limited: AbortSignal) => queryEndpoint(endpoint, access, limited, runtime);
        const data = await withTimeLimit(runtime, Math.max(1, shareMs), signal, query);
        return rejectOlder(topologyOf(decodeClusterConfig(data), connectBy), known);
      } catch (error) {
        signal.throwIfAborted();
        failures.push(withEndpoint(endpoint, error));
      }
    }
    throw allFailed(failures);
  };
}

/**
 * The endpoints that poll `nth` queries: endpoints and known nodes, each once, rotated by `nth`.
 */
export function candidatesOf(
  endpoints: readonly NodeAddress[],
  known: Topology | undefined,
  nth: number,
): readonly NodeAddress[] {
  const distinct = new Map<string, NodeAddress>();
  for (const node of [...endpoints, ...(known?.nodes ?? [])]) {
    if (!distinct.has(node.name)) distinct.set(node.name, node);
  }
  const all = [...distinct.values()];
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

/** Rejects an older topology: a node that missed a change, or left the cluster, still has one. */
function rejectOlder(found: Topology, known: Topology | undefined): Topology {
  if (known === undefined || found.version >= known.version) return found;
  if (sameNodes(known.nodes, found.nodes)) return found;
  throw new Error(`its topology is older: version ${found.version}, not ${known.version}`);
}

function withEndpoint({ name }: NodeAddress, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`${name}: ${message}`, { cause: error });
}

function allFailed(failures: readonly Error[]): CacheError {
  const detail = `${failures.map(({ message }) => message).join('; ')}.`;
  return new CacheError('ERR_DISCOVERY', { detail, cause: new AggregateError(failures) });
}
