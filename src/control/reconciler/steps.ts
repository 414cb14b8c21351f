/** What a cluster needs next to be as it is wanted; pure. */
import { freeId, staying } from '../model/node-count.ts';
import type { ClusterRecord, NodeRecord } from '../model/records.ts';
import type { Observed } from '../runtime/runtime.ts';

export type Step =
  | { readonly kind: 'start' }
  | { readonly kind: 'add-node'; readonly node: string }
  | { readonly kind: 'resize-node'; readonly node: string }
  | { readonly kind: 'reboot-node'; readonly node: string }
  | { readonly kind: 'remove-node'; readonly node: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'forget' };

/**
 * The next step; undefined if the cluster is as it is wanted, and each node has this memory for
 * items. Nodes come before others go: so the
 * items of those that go have room.
 */
export function nextStep(
  cluster: ClusterRecord,
  { isRunning, nodes }: Observed,
  memoryMib: number,
): Step | undefined {
  if (cluster.status === 'deleting') return { kind: isRunning ? 'stop' : 'forget' };
  if (!isRunning) return { kind: 'start' };
  const observed = new Map(nodes.map((node) => [node.id, node]));
  const first = (is: (node: NodeRecord) => boolean): string | undefined =>
    cluster.nodes.find(is)?.id;
  const missing = first(({ id, status }) => status === 'creating' && !observed.has(id));
  if (missing !== undefined) return { kind: 'add-node', node: missing };
  const resized = first(({ id, status }) => {
    const has = observed.get(id)?.memoryMib;
    return status !== 'deleting' && has !== undefined && has !== memoryMib;
  });
  const restarting = resized ?? first(({ status }) => status === 'rebooting');
  if (restarting !== undefined) {
    // While the only node restarts, another one has its items.
    if (observed.size === 1) return { kind: 'add-node', node: freeId(nodes) };
    return { kind: resized === undefined ? 'reboot-node' : 'resize-node', node: restarting };
  }
  const wanted = new Set(staying(cluster).map(({ id }) => id));
  const leaving = nodes.find(({ id }) => !wanted.has(id));
  return leaving === undefined ? undefined : { kind: 'remove-node', node: leaving.id };
}

/** A cluster as it is now, and what its events say of the difference. */
export interface Settled {
  readonly cluster: ClusterRecord;
  readonly events: readonly string[];
}

/** Takes over what has come true. */
export function settle(cluster: ClusterRecord, observed: Observed, memoryMib: number): Settled {
  if (cluster.status === 'deleting' || !observed.isRunning) return { cluster, events: [] };
  const serving = new Set(observed.nodes.filter(({ serves }) => serves).map(({ id }) => id));
  const known = new Set(observed.nodes.map(({ id }) => id));
  const events: string[] = [];
  const nodes = cluster.nodes.flatMap((node): readonly NodeRecord[] => {
    if (node.status === 'creating' && serving.has(node.id)) {
      events.push(`Added cache node ${node.id} in availability zone ${node.zone}`);
      return [{ ...node, status: 'available' }];
    }
    if (node.status === 'deleting' && !known.has(node.id)) {
      events.push(`Removed cache node ${node.id}`);
      return [];
    }
    return [node];
  });
  const now = { ...cluster, nodes };
  const isDone =
    nextStep(now, observed, memoryMib) === undefined &&
    staying(now).every(({ status }) => status === 'available');
  if (!isDone || cluster.status === 'available') return { cluster: now, events };
  if (cluster.status === 'creating') events.push('Cache cluster created');
  if (cluster.status === 'modifying') events.push('Finished modifying the cache cluster');
  return { cluster: { ...now, status: 'available', failure: undefined }, events };
}

/** A node has restarted. */
export function rebooted(cluster: ClusterRecord, id: string): Settled {
  const nodes = cluster.nodes.map(
    (node): NodeRecord =>
      node.id === id && node.status === 'rebooting' ? { ...node, status: 'available' } : node,
  );
  return { cluster: { ...cluster, nodes }, events: [`Cache node ${id} restarted`] };
}
