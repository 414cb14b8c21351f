import { CodedError, type ValuesOf } from '../../base/index.ts';
import type { adminClientFlags } from '../admin/admin-client-flags.ts';
import { adminTargets } from '../admin/admin-targets.ts';
import type { Host } from '../process/host.ts';
import { type CachePortOptions, cachePortAccess } from './cache-port.ts';
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
  const hasPorts = targets.every(({ client }) => client !== undefined);
  const access = hasPorts ? undefined : await cachePortAccess(options, host);
  return targets.map(({ node, client }) =>
    client === undefined
      ? new CachePortTarget(node, access!)
      : { url: client.url, node, restore: (replaces) => client.restore(replaces) },
  );
}
