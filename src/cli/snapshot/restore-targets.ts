import { CodedError, type ValuesOf } from '../../base/index.ts';
import type { AdminClient } from '../admin/admin-client.ts';
import type { adminClientFlags } from '../admin/admin-client-flags.ts';
import { adminTargets } from '../admin/admin-targets.ts';
import type { Host } from '../process/host.ts';
import { type CachePortAccess, type CachePortOptions, cachePortAccess } from './cache-port.ts';
import { CachePortTarget } from './cache-port-restore.ts';
import type { RestoreTarget } from './restore-target.ts';

type Options = ValuesOf<typeof adminClientFlags> &
  CachePortOptions & { readonly nodes: readonly string[] };

/**
 * The nodes that the options name: by their admin ports, or by their ports for clients.
 * @throws {CodedError} `ERR_USAGE` if a node of several has no name for the ring.
 */
export async function restoreTargets(
  options: Options,
  host: Host,
): Promise<readonly RestoreTarget[]> {
  const targets = await adminTargets(options, options.nodes, host);
  if (targets.length > 1 && targets.some(({ node }) => node === '')) {
    throw new CodedError(
      'ERR_USAGE',
      `--admin names ${targets.length} nodes, --nodes names ${options.nodes.length}: name the ` +
        'address of each node with --nodes, in the same order.',
    );
  }
  let access: Promise<CachePortAccess> | undefined;
  const cachePort = async (node: string) => {
    access ??= cachePortAccess(options, host);
    return new CachePortTarget(node, await access);
  };
  return Promise.all(
    targets.map(({ node, client }) =>
      client === undefined ? cachePort(node) : adminPort(node, client, cachePort),
    ),
  );
}

/**
 * The admin port of a node. In a cluster of several members the items go through its port for
 * clients: only so do all holders of a key get them, and no other member.
 */
function adminPort(
  node: string,
  client: AdminClient,
  cachePort: (node: string) => Promise<RestoreTarget>,
): RestoreTarget {
  const { url } = client;
  return {
    url,
    node,
    async restore(replaces) {
      const members = await client.clusterMembers();
      if (members === undefined || members === 1) return client.restore(replaces);
      if (node !== '') return (await cachePort(node)).restore(replaces);
      const state =
        members === 0 ? 'waits to join its cluster' : `is in a cluster of ${members} members`;
      throw new CodedError(
        'ERR_USAGE',
        `The node of ${url} ${state}: also name it as clients do ` +
          '(--nodes <host:port>), so that each item gets to the members that hold its key.',
      );
    },
  };
}
