import { machineClock } from '../../base/index.ts';
import type { ConfigEntries } from '../../commands/index.ts';
import { CLUSTER_ENTRY, encodeClusterConfig, parseClusterNode } from '../../protocol/index.ts';
import type { ServerOptions } from './server-flags.ts';

/** Stores `--cluster-nodes` in the cluster entry. */
export function publishCluster(config: ConfigEntries, options: ServerOptions): void {
  const { clusterNodes, clusterVersion } = options;
  if (clusterNodes.length === 0) return;
  // The current second only grows, so a restart never publishes an older version.
  const version = clusterVersion === 0 ? Math.floor(machineClock.nowMs() / 1000) : clusterVersion;
  const data = encodeClusterConfig({ version, nodes: clusterNodes.map(parseClusterNode) });
  config.set({ name: CLUSTER_ENTRY, flags: 0, data });
}
