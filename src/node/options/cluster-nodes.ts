import { isIPv4 } from 'node:net';
import { machineClock } from '../../base/index.ts';
import {
  CLUSTER_ENTRY,
  type ClusterMember,
  type ConfigEntries,
  encodeClusterNodes,
} from '../../commands/index.ts';
import { type ServerOptions, serverFlags } from './server-flags.ts';

/** Parses `host:port`, `host`, or ElastiCache's `host|ip|port`. */
export function memberOf(text: string): ClusterMember {
  const [host = '', ip = '', port = ''] = text.includes('|')
    ? text.split('|')
    : [text.replace(/:\d+$/, ''), '', /:(\d+)$/.exec(text)?.[1] ?? ''];
  const knownIp = ip === '' && isIPv4(host) ? host : ip;
  return { host, ip: knownIp, port: port === '' ? serverFlags.port.default : Number(port) };
}

/** The form of a node in `--cluster-nodes`. */
export const MEMBER_PATTERN = /^[^|:\s]+(:\d{1,5}|\|[0-9a-fA-F.:]*\|\d{1,5})?$/;

/** Stores `--cluster-nodes` in the cluster entry. */
export function publishCluster(config: ConfigEntries, options: ServerOptions): void {
  const { clusterNodes, clusterVersion } = options;
  if (clusterNodes.length === 0) return;
  // The current second only grows, so a restart never publishes an older version.
  const version = clusterVersion === 0 ? Math.floor(machineClock.nowMs() / 1000) : clusterVersion;
  const data = encodeClusterNodes(version, clusterNodes.map(memberOf));
  config.set({ name: CLUSTER_ENTRY, flags: 0, data });
}
