/** What a cluster needs next to be as it is wanted; pure. */
import { freeId, staying } from '../model/node-count.ts';
import type { NodeShape } from '../model/node-options.ts';
import type { ParameterValues } from '../model/parameters.ts';
import type { ClusterRecord, NodeRecord } from '../model/records.ts';
import type { Observed, ObservedNode, ObservedProxy, ProxyShape } from '../runtime/runtime.ts';

export type Step =
  | { readonly kind: 'start' }
  | { readonly kind: 'set-users' }
  /** Only of a serverless cache, as the next one. */
  | { readonly kind: 'start-proxy' }
  /** It changes while it serves. */
  | { readonly kind: 'set-proxy' }
  | { readonly kind: 'add-node'; readonly node: string }
  /** Its memory changes while it serves. */
  | { readonly kind: 'resize-node'; readonly node: string }
  | { readonly kind: 'restart-node'; readonly node: string }
  | { readonly kind: 'remove-node'; readonly node: string }
  | { readonly kind: 'restore'; readonly snapshot: string }
  | { readonly kind: 'snapshot'; readonly snapshot: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'forget' };

/** What follows from the record and from its groups. */
export interface Wanted {
  /** How the process of a node should run; also of one that the cluster does not have yet. */
  readonly shapeOf: (node: string) => NodeShape;
  /** Those of the parameter group. */
  readonly parameters: ParameterValues;
  /** The file of users that the nodes read; undefined: they need no login. */
  readonly users: string | undefined;
  /** In front of the nodes; undefined: clients know the nodes. */
  readonly proxy?: ProxyShape | undefined;
}

/**
 * The next step; undefined if the cluster is as it is wanted. Nodes come before others go: so the
 * items of those that go have room.
 */
export function nextStep(
  cluster: ClusterRecord,
  { isRunning, nodes, users, proxy }: Observed,
  wanted: Wanted,
): Step | undefined {
  const { status: clusterStatus, snapshot, restoreFrom } = cluster;
  const isDeleted = clusterStatus === 'deleting';
  if (isDeleted && snapshot === undefined) return { kind: isRunning ? 'stop' : 'forget' };
  if (!isRunning) return { kind: 'start' };
  if (isDeleted) return { kind: 'snapshot', snapshot: snapshot! };
  if (users !== wanted.users) return { kind: 'set-users' };
  const ofProxy = proxyStep(proxy, wanted.proxy);
  if (ofProxy !== undefined) return ofProxy;
  const observed = new Map(nodes.map((node) => [node.id, node]));
  const first = (is: (node: NodeRecord) => boolean): string | undefined =>
    cluster.nodes.find(is)?.id;
  const missing = first(({ id, status }) => status === 'creating' && !observed.has(id));
  if (missing !== undefined) return { kind: 'add-node', node: missing };
  const wayOf = ({ id, status }: NodeRecord): Way =>
    status === 'deleting' ? 'none' : changeWay(observed.get(id), wanted.shapeOf(id));
  const resized = first((node) => wayOf(node) === 'live');
  if (resized !== undefined) return { kind: 'resize-node', node: resized };
  const restarted = first((node) => wayOf(node) === 'restart' || node.status === 'rebooting');
  if (restarted !== undefined) {
    // While the only node restarts, another one has its items.
    if (observed.size === 1) return { kind: 'add-node', node: freeId(nodes) };
    return { kind: 'restart-node', node: restarted };
  }
  const kept = new Set(staying(cluster).map(({ id }) => id));
  const leaving = nodes.find(({ id }) => !kept.has(id));
  if (leaving !== undefined) return { kind: 'remove-node', node: leaving.id };
  if (restoreFrom !== undefined) return { kind: 'restore', snapshot: restoreFrom };
  return snapshot === undefined ? undefined : { kind: 'snapshot', snapshot };
}

/** Whether a proxy asks for logins is decided by its start. */
function proxyStep(proxy: ObservedProxy | undefined, wanted: ProxyShape | undefined) {
  if (wanted === undefined) return undefined;
  const isStartedSo = (proxy?.users === undefined) === (wanted.users === undefined);
  if (proxy === undefined || !isStartedSo) return { kind: 'start-proxy' } as const;
  const { users, ecpuPerSecondMax } = wanted;
  const isSo = proxy.users === users && proxy.ecpuPerSecondMax === ecpuPerSecondMax;
  return isSo ? undefined : ({ kind: 'set-proxy' } as const);
}

type Way = 'none' | 'live' | 'restart';

/** How a node gets to its shape. One that does not reply is waited for. */
function changeWay(node: ObservedNode | undefined, wanted: NodeShape): Way {
  if (node?.memoryMib === undefined) return 'none';
  if (JSON.stringify(node.options) !== JSON.stringify(wanted.options)) return 'restart';
  if (node.memoryMib === wanted.memoryMib) return 'none';
  return wanted.memoryMib <= node.memoryMibMax ? 'live' : 'restart';
}

/** A cluster as it is now, and what its events say of the difference. */
export interface Settled {
  readonly cluster: ClusterRecord;
  readonly events: readonly string[];
}

/** Takes over what has come true. */
export function settle(cluster: ClusterRecord, observed: Observed, wanted: Wanted): Settled {
  if (cluster.status === 'deleting' || !observed.isRunning) return { cluster, events: [] };
  const serving = new Set(observed.nodes.filter(({ serves }) => serves).map(({ id }) => id));
  const known = new Set(observed.nodes.map(({ id }) => id));
  const events: string[] = [];
  const nodes = cluster.nodes.flatMap((node): readonly NodeRecord[] => {
    if (node.status === 'creating' && serving.has(node.id)) {
      events.push(`Added cache node ${node.id} in availability zone ${node.zone}`);
      // A node that held the items while the only node restarted has no parameters yet.
      const { parameters = wanted.parameters } = node;
      return [{ ...node, parameters, status: 'available' }];
    }
    if (node.status === 'deleting' && !known.has(node.id)) {
      events.push(`Removed cache node ${node.id}`);
      return [];
    }
    return [node];
  });
  const now = { ...cluster, nodes };
  const isDone =
    nextStep(now, observed, wanted) === undefined &&
    staying(now).every(({ status }) => status === 'available');
  if (!isDone || cluster.status === 'restore-failed') return { cluster: now, events };
  if (cluster.status === 'creating') events.push('Cache cluster created');
  if (cluster.isApplying) events.push('Applied the changed parameters');
  else if (cluster.status === 'modifying') events.push('Finished modifying the cache cluster');
  const done = { status: 'available', failure: undefined, isApplying: false } as const;
  return { cluster: { ...now, ...done }, events };
}

/** A node has restarted, with a version of slabring. */
export function restarted(cluster: ClusterRecord, id: string, version: string): Settled {
  const events: string[] = [];
  const nodes = cluster.nodes.map((node): NodeRecord => {
    if (node.id !== id) return node;
    if (node.status !== 'rebooting') return { ...node, version };
    events.push(`Cache node ${id} restarted`);
    return { ...node, version, status: 'available' };
  });
  return { cluster: { ...cluster, nodes }, events };
}
