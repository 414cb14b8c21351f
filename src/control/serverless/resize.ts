/** The nodes of a serverless cache in another shape; pure. */
import { nodesAfter, staying } from '../model/node-count.ts';
import type { ClusterRecord } from '../model/records.ts';
import { type Shape, typeFor } from './shape.ts';

/** The cluster begins to change; the last nodes go first. */
export function resized(nodes: ClusterRecord, shape: Shape, nowMs: number): ClusterRecord {
  const stay = staying(nodes);
  const nodeIdsToRemove = stay.slice(shape.nodes).map(({ id }) => id);
  const pending = { numCacheNodes: shape.nodes, nodeIdsToRemove };
  const after =
    shape.nodes === stay.length ? nodes.nodes : nodesAfter({ ...nodes, pending }, nowMs);
  return { ...nodes, status: 'modifying', nodeType: typeFor(shape), nodes: after };
}
