import { Resolver as Asker } from 'node:dns/promises';
import { badOption } from '../options.ts';
import type { Resolver, ServiceRecord } from './resolver.ts';

const SERVERS_MAX = 8;
/** Each server is asked again once all have let their time pass: a lost packet is not the end. */
const TRIES = 2;

/** Asks these servers, one after the other, whatever the machine's are. */
export class DnsServers implements Resolver {
  readonly #asker: Asker;

  /**
   * @param deadlineMs of a look: in it all servers are asked, and the first once more
   * @throws {CacheError} ERR_ARGUMENT when they are no addresses.
   */
  constructor(servers: readonly string[], deadlineMs: number) {
    if (!Array.isArray(servers) || servers.length === 0 || servers.length > SERVERS_MAX) {
      throw badOption(`servers are 1 to ${SERVERS_MAX} addresses.`);
    }
    const timeout = Math.ceil(deadlineMs / (servers.length + 1));
    this.#asker = new Asker({ timeout, tries: TRIES });
    try {
      this.#asker.setServers(servers);
    } catch {
      throw badOption(`servers are "ip", "ip:port" or "[ip]:port", not ${servers.join(', ')}.`);
    }
  }

  async lookup(
    name: string,
    { family }: { readonly family: 0 | 4 | 6 },
  ): Promise<readonly { readonly address: string }[]> {
    const [v4, v6] = await Promise.all([
      family === 6 ? [] : this.#asker.resolve4(name).catch(noneOfThisKind),
      family === 4 ? [] : this.#asker.resolve6(name).catch(noneOfThisKind),
    ]);
    return [...v4, ...v6].map((address) => ({ address }));
  }

  resolveSrv(name: string): Promise<readonly ServiceRecord[]> {
    return this.#asker.resolveSrv(name);
  }

  cancel(): void {
    this.#asker.cancel();
  }
}

/**
 * A name may have addresses of one kind alone. A server in trouble has not said so: half a fleet
 * would be gone.
 */
function noneOfThisKind(error: unknown): readonly string[] {
  if (error instanceof Error && 'code' in error && error.code === 'ENODATA') return [];
  throw error;
}
