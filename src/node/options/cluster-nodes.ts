import { assert, CodedError, machineClock } from '../../base/index.ts';
import type { ConfigEntries } from '../../commands/index.ts';
import {
  CLUSTER_ENTRY,
  CONFIG_BYTES_MAX,
  encodeClusterConfig,
  parseClusterNode,
} from '../../protocol/index.ts';
import { formatAddress, isEveryInterface, NODES_MAX } from '../../topology/index.ts';
import type { ServerOptions } from './server-flags.ts';

type ClusterOptions = Pick<ServerOptions, 'clusterNodes' | 'clusterVersion'>;

/** Stores `--cluster-nodes` in the cluster entry. */
export function publishCluster(config: ConfigEntries, options: ClusterOptions): void {
  if (options.clusterNodes.length === 0) return;
  const refusal = clusterNodesRefusal(options);
  if (refusal !== undefined) throw new CodedError('ERR_USAGE', refusal);
  const result = config.set({ name: CLUSTER_ENTRY, flags: 0, data: encoded(options) });
  assert(result === 'stored', 'an empty table takes an entry of this size');
}

/**
 * Why clients could not use the nodes of `--cluster-nodes`: too many, too long, one twice, or one
 * that no client can connect to.
 * @throws {TopologyError} if one of them is not an address of a node.
 */
export function clusterNodesRefusal(options: ClusterOptions): string | undefined {
  const { clusterNodes } = options;
  const nodes = clusterNodes.map(parseClusterNode);
  if (nodes.length > NODES_MAX)
    return `--cluster-nodes has ${nodes.length} nodes; a cluster has at most ${NODES_MAX}.`;
  const names = nodes.map((node) => formatAddress(node));
  const repeated = names.find((name, at) => names.indexOf(name) < at);
  if (repeated !== undefined) return `--cluster-nodes names ${repeated} twice.`;
  const everywhere = nodes.find(({ host, ip }) => isEveryInterface(host) || isEveryInterface(ip));
  if (everywhere !== undefined)
    return (
      `--cluster-nodes has ${formatAddress(everywhere)}, to which no client can connect:` +
      ' write the name or the address of the node.'
    );
  const { length } = encoded(options);
  if (length > CONFIG_BYTES_MAX)
    return `--cluster-nodes makes a reply of ${length} bytes; the maximum is ${CONFIG_BYTES_MAX}.`;
  return undefined;
}

function encoded({ clusterNodes, clusterVersion }: ClusterOptions): Buffer {
  // The current second only grows, so a restart never publishes an older version.
  const version = clusterVersion === 0 ? Math.floor(machineClock.nowMs() / 1000) : clusterVersion;
  return encodeClusterConfig({ version, nodes: clusterNodes.map(parseClusterNode) });
}
