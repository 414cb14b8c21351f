import type { Logger } from '../../base/index.ts';
import type { ConfigEntries } from '../../commands/index.ts';
import { CLUSTER_ENTRY, encodeClusterConfig, parseClusterNode } from '../../protocol/index.ts';
import { answers, type ClusterTopology } from '../../topology/index.ts';

/**
 * Publishes the members that answer, for clients that ask `config get cluster`: ketama places each
 * key on its primary among them. If no member answers, clients keep the nodes that they know.
 */
export function publishTopology(
  config: Pick<ConfigEntries, 'set'>,
  { version, members }: ClusterTopology,
  log: Logger,
): void {
  const nodes = members.filter(answers).map(({ address }) => parseClusterNode(address));
  if (nodes.length === 0) return;
  const data = encodeClusterConfig({ version, nodes });
  const result = config.set({ name: CLUSTER_ENTRY, flags: 0, data });
  if (result === 'stored') return;
  log.warn({ version, result }, 'clients do not learn of the topology: `config get cluster`');
}
