import { Resolver as NodeResolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { formatAddress } from '../../topology/index.ts';
import { argumentError } from '../base/errors.ts';
import { addressOf } from '../base/nodes.ts';
import type { Resolver, ServiceRecord } from '../base/resolver.ts';

/**
 * The resolver queries each server again after all have timed out: one lost packet is no failure.
 */
const TRIES_PER_SERVER = 2;

/** Queries the given DNS servers one after the other, instead of the system's servers. */
export class DnsServers implements Resolver {
  readonly #resolver: NodeResolver;

  /**
   * @param deadlineMs the time of one poll: enough for all servers and a second try of the first
   * @throws {CacheError} ERR_ARGUMENT when `servers` are not addresses.
   */
  constructor(servers: readonly string[], deadlineMs: number) {
    const timeout = Math.ceil(deadlineMs / (servers.length + 1));
    this.#resolver = new NodeResolver({ timeout, tries: TRIES_PER_SERVER });
    this.#resolver.setServers(servers.map(ipAddressOf));
  }

  async lookup(
    name: string,
    { family }: { readonly family: 0 | 4 | 6 },
  ): Promise<readonly { readonly address: string }[]> {
    const [v4, v6] = await Promise.all([
      family === 6 ? [] : this.#resolver.resolve4(name).catch(emptyIfNoData),
      family === 4 ? [] : this.#resolver.resolve6(name).catch(emptyIfNoData),
    ]);
    return [...v4, ...v6].map((address) => ({ address }));
  }

  resolveSrv(name: string): Promise<readonly ServiceRecord[]> {
    return this.#resolver.resolveSrv(name);
  }

  cancel(): void {
    this.#resolver.cancel();
  }
}

function ipAddressOf(text: string): string {
  const address = addressOf(text);
  if ('host' in address && isIP(address.host) !== 0) return formatAddress(address);
  throw argumentError(`servers must be ip, ip:port or [IPv6]:port, not ${text}.`);
}

/**
 * A name may have addresses of one family only: ENODATA is an empty result. Any other error
 * rejects, because an empty result would remove half of the cluster.
 */
function emptyIfNoData(error: unknown): readonly string[] {
  if (error instanceof Error && 'code' in error && error.code === 'ENODATA') return [];
  throw error;
}
