import type { ValuesOf } from '../../base/index.ts';
import type { adminClientFlags } from '../admin/admin-client-flags.ts';
import { adminTargets } from '../admin/admin-targets.ts';
import type { Host } from '../process/host.ts';
import { type CachePortOptions, cachePortAccess } from './cache-port.ts';
import { CachePortSource } from './cache-port-dump.ts';
import type { DumpSource } from './dump-source.ts';

type Options = ValuesOf<typeof adminClientFlags> &
  CachePortOptions & { readonly nodes: readonly string[] };

/** The nodes that the options name: by their admin ports, or by their ports for clients. */
export async function dumpSources(options: Options, host: Host): Promise<readonly DumpSource[]> {
  const targets = await adminTargets(options, options.nodes, host);
  if (targets.every(({ client }) => client !== undefined)) {
    return targets.map(({ client }) => client!);
  }
  const access = await cachePortAccess(options, host);
  return targets.map(({ node, client }) => client ?? new CachePortSource(node, access));
}
