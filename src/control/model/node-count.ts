/** How many nodes a cluster will have; pure. */
import { invalidCombination, invalidValue } from '../api/errors.ts';
import type { ClusterRecord, NodeRecord, PendingChange } from './records.ts';

interface CountRequest {
  readonly numCacheNodes: number;
  readonly nodeIdsToRemove: readonly string[];
  /** One for each node that comes. */
  readonly newZones: readonly string[];
}

/** The nodes of a cluster that stay. */
export const staying = ({ nodes }: Pick<ClusterRecord, 'nodes'>): readonly NodeRecord[] =>
  nodes.filter(({ status }) => status !== 'deleting');

/**
 * What waits after a request for a number of nodes. A newer request replaces an older one, and the
 * present number cancels both. Source: ModifyCacheCluster.
 * @throws {ApiError} `InvalidParameterValue` or `InvalidParameterCombination`
 */
export function withCount(cluster: ClusterRecord, request: CountRequest): PendingChange {
  const { numCacheNodes: wanted, nodeIdsToRemove: ids, newZones } = request;
  const {
    numCacheNodes: planned,
    nodeIdsToRemove: _ids,
    newZones: zones,
    ...rest
  } = cluster.pending;
  const existing = staying(cluster).length;
  const most = Math.max(existing, planned ?? 0);
  if (wanted === existing) return rest;
  if (wanted < most) checkRemoved(cluster, ids, most - wanted, existing - wanted);
  else if (ids.length > 0) {
    throw invalidCombination('CacheNodeIdsToRemove is only for fewer nodes than now.');
  }
  if (wanted < existing) return { ...rest, numCacheNodes: wanted, nodeIdsToRemove: ids };
  const earlier = planned !== undefined && planned > existing ? (zones ?? []) : [];
  const added = wanted - Math.max(existing, planned ?? existing);
  if (newZones.length > 0 && newZones.length !== added) {
    throw invalidCombination(
      `NewAvailabilityZones names ${newZones.length} zones, and ${Math.max(0, added)} nodes come.`,
    );
  }
  return {
    ...rest,
    numCacheNodes: wanted,
    newZones: [...earlier, ...newZones].slice(0, wanted - existing),
  };
}

function checkRemoved(
  cluster: ClusterRecord,
  ids: readonly string[],
  count: number,
  removed: number,
): void {
  if (ids.length !== count) {
    throw invalidValue(
      `CacheNodeIdsToRemove must name ${count} nodes, the difference to the present number, and ` +
        `names ${ids.length}.`,
    );
  }
  const known = new Set(staying(cluster).map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (new Set(ids).size !== ids.length)
    throw invalidValue('CacheNodeIdsToRemove names a node twice.');
  if (removed > 0 && unknown !== undefined) {
    throw invalidValue(`The cluster ${cluster.id} has no node ${unknown}.`);
  }
}

/** The nodes after a change of their number: those that come, and those that go. */
export function nodesAfter(cluster: ClusterRecord, nowMs: number): readonly NodeRecord[] {
  const { numCacheNodes, nodeIdsToRemove = [], newZones = [] } = cluster.pending;
  const removed = new Set(nodeIdsToRemove);
  const nodes = cluster.nodes.map(
    (node): NodeRecord => (removed.has(node.id) ? { ...node, status: 'deleting' } : node),
  );
  const count = numCacheNodes ?? 0;
  for (let nth = 0; staying({ nodes }).length < count; nth++) {
    nodes.push(newNode(freeId(nodes), newZones[nth] ?? cluster.zone, nowMs));
  }
  return nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export const newNode = (id: string, zone: string, createdMs: number): NodeRecord => ({
  id,
  status: 'creating',
  zone,
  createdMs,
});

/** The lowest one, as the supervisor names its nodes. */
export function freeId(nodes: readonly Pick<NodeRecord, 'id'>[]): string {
  const taken = new Set(nodes.map(({ id }) => id));
  for (let nth = 1; ; nth++) if (!taken.has(nodeId(nth))) return nodeId(nth);
}

export const nodeId = (nth: number): string => String(nth).padStart(4, '0');
