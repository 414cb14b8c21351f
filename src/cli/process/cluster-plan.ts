/** The nodes of `slabring cluster`, before they run. */
import { join } from 'node:path';
import { toArguments } from '../../base/index.ts';
import type { Inherited, NodePlan } from '../../cluster/index.ts';
import { formatAddress } from '../../topology/index.ts';
import {
  advertisedHost,
  type ClusterOptions,
  hostOf,
  nodeFlags,
} from '../options/cluster-options.ts';
import { serveFlags } from '../verbs/serve-flags.ts';

const MEBIBYTE = 2 ** 20;

/** A node before it runs, with the address by which clients will reach it. */
export interface PlannedNode extends NodePlan {
  readonly host: string;
  readonly port: number;
}

/** What the plan takes from the folder of the cluster. */
interface Kept {
  /** The folder of the files that keep the items; undefined if there is none. */
  readonly folder: string | undefined;
  /** The admin ports of an earlier run, by the name of the node. */
  readonly adminPorts: Readonly<Record<string, number>>;
  readonly clusterVersion: number;
}

/** @param program the command that `serve` and its options follow. */
export function plannedNodes(
  program: readonly string[],
  options: ClusterOptions,
  kept: Kept,
): readonly PlannedNode[] {
  const listen = hostOf('--host', options.host);
  const host = advertisedHost(options);
  const members = Array.from({ length: options.nodes }, (_, at) => {
    return { host, port: options.port + at };
  });
  const shared = [...toArguments(nodeFlags, options), ...topologyArguments(members, options, kept)];
  return members.map((member, at) => {
    const name = `node-${at + 1}`;
    const own = [`--listen=${listen}`, `--port=${member.port}`, ...shared];
    const warm = warmArguments(name, options, kept);
    const command = (inherited: Inherited) => [
      ...[...program, 'serve', ...own, ...warm, '--log-format=json'],
      ...[adminArgument(options, at, inherited), ...memoryArgument(options, inherited)],
    ];
    return { name, command, adminPort: kept.adminPorts[name], ...member };
  });
}

/** The items of a temporary folder are of use only to the same supervisor. */
function warmArguments(name: string, { state }: ClusterOptions, { folder }: Kept): string[] {
  if (folder === undefined) return [];
  const file = join(folder, `${name}.items`);
  return [`--warm-restart=${file}`, `--warm-restart-on=${state === '' ? 'restart' : 'stop'}`];
}

/** The admin port of the node at this place of the table: a free one stays the same. */
function adminArgument(
  { adminPort: first }: ClusterOptions,
  at: number,
  { adminPort: earlier = 0 }: Inherited,
): string {
  const value = first > 0 ? first + at : first === 0 ? earlier : first;
  return `--admin-port=${serveFlags.adminPort.format(value)}`;
}

/** A node that somebody gave more memory needs it again for its items. */
function memoryArgument(
  { memoryLimitBytes: planned }: ClusterOptions,
  { memoryLimitBytes: current = planned }: Inherited,
): readonly string[] {
  const pages = (sizeBytes: number): number => Math.floor(sizeBytes / MEBIBYTE);
  return pages(current) === pages(planned) ? [] : [`--memory-limit=${pages(current)}`];
}

/**
 * The options by which each node publishes the topology of the cluster. A restarted node gets the
 * same version as before.
 */
function topologyArguments(
  members: readonly Pick<PlannedNode, 'host' | 'port'>[],
  { clusterNodes }: ClusterOptions,
  { clusterVersion }: Kept,
): string[] {
  if (clusterNodes.length > 0) return [];
  const names = members.map((member) => formatAddress(member));
  return [`--cluster-nodes=${names.join(',')}`, `--cluster-version=${clusterVersion}`];
}
