/** How the values of a parameter group reach the nodes of a cluster; pure. */
import { type ParameterValues, withImmediate } from './parameters.ts';
import type { ClusterRecord } from './records.ts';

/**
 * The cluster after a change of its group: what takes effect at once is wanted of its nodes, and
 * the rest waits for a reboot. A node that has not started gets the values of its group then.
 */
export function withGroupValues(cluster: ClusterRecord, values: ParameterValues): ClusterRecord {
  const nodes = cluster.nodes.map((node) => {
    if (node.parameters === undefined) return node;
    const parameters = withImmediate(node.parameters, values);
    return parameters === node.parameters ? node : { ...node, parameters };
  });
  if (nodes.every((node, nth) => node === cluster.nodes[nth])) return cluster;
  if (cluster.status !== 'available') return { ...cluster, nodes };
  return { ...cluster, nodes, status: 'modifying', isApplying: true };
}
