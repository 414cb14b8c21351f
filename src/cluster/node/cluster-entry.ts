import type { Logger } from '../../base/index.ts';
import type { ConfigEntries } from '../../commands/index.ts';
import {
  CLUSTER_ENTRY,
  encodeClusterConfig,
  parseClusterNode,
  TOPOLOGY_ENTRY,
  topologyFlags,
} from '../../protocol/index.ts';
import { answers, type ClusterTopology, encodeTopology } from '../../topology/index.ts';

/**
 * Publishes the members that answer, for clients that ask `config get cluster`: ketama places each
 * key on its primary among them. The bundled client asks for the whole topology, which has the
 * weights. If no member answers, clients keep the nodes that they know.
 */
export function publishTopology(
  config: Pick<ConfigEntries, 'set' | 'delete'>,
  topology: ClusterTopology,
  log: Logger,
): void {
  const { version, members } = topology;
  const nodes = members.filter(answers).map(({ address }) => parseClusterNode(address));
  if (nodes.length === 0) return;
  const entries = {
    [TOPOLOGY_ENTRY]: {
      flags: topologyFlags(version),
      data: Buffer.from(encodeTopology(topology)),
    },
    [CLUSTER_ENTRY]: { flags: 0, data: encodeClusterConfig({ version, nodes }) },
  };
  for (const [name, entry] of Object.entries(entries)) {
    const result = config.set({ name, ...entry });
    if (result === 'stored') continue;
    // The bundled client asks for the cluster entry where there is no topology.
    if (name === TOPOLOGY_ENTRY) config.delete(name);
    log.warn({ version, result }, `clients do not learn of the topology: \`config get ${name}\``);
  }
}
