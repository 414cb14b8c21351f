import { CLUSTER_ENTRY, CONFIG_BYTES_MAX, LEGACY_CLUSTER_KEY } from '../../protocol/client.ts';
import type { NodeAddress } from '../../topology/index.ts';
import { askOnce } from '../connection/ask-once.ts';
import { type NodeReply, requiresLogin, type SingleRequest } from '../connection/exchange.ts';
import type { ClientRuntime } from '../connection/runtime.ts';
import type { ElastiCacheOptions } from '../option-types/discovery.ts';

/** The requests for the cluster config; old engines keep it as an ordinary item. */
const REQUESTS: readonly SingleRequest[] = [
  { verb: 'config-get', key: CLUSTER_ENTRY },
  { verb: 'get', key: LEGACY_CLUSTER_KEY, cas: false },
];
/** The largest cluster config, the lines around it, and the replies to a login. */
export const REPLY_BYTES_MAX = CONFIG_BYTES_MAX + 4096;

/** How to connect to the endpoints. */
export interface EndpointAccess {
  readonly tls?: ElastiCacheOptions['tls'] | undefined;
  readonly login?: ElastiCacheOptions['login'] | undefined;
}

/**
 * Queries one node for its cluster config. The query ends at the latest when `signal` aborts.
 * @throws {Error} with the reason when the node does not send a cluster config.
 */
export async function queryEndpoint(
  endpoint: NodeAddress,
  { tls, login }: EndpointAccess,
  signal: AbortSignal,
  runtime: Pick<ClientRuntime, 'openSocket'>,
): Promise<Buffer> {
  const options = { tls, login, replyBytesMax: REPLY_BYTES_MAX, signal };
  for (const request of REQUESTS) {
    const reply = await askOnce(endpoint, request, options, runtime);
    if (reply.status === 'value') return reply.value;
    if (!lacksEntry(reply)) throw new Error(refusalOf(reply));
  }
  throw lacksConfig();
}

export function lacksConfig(): Error {
  return new Error('it has no cluster config (start it with --cluster-nodes)');
}

/** A node without the entry; or one that does not know the command, in text or in binary. */
export function lacksEntry({ status, line }: NodeReply): boolean {
  return status === 'miss' || line === 'ERROR' || line.startsWith('status 0x81:');
}

export function refusalOf(reply: NodeReply): string {
  const replied = `it replied ${JSON.stringify(reply.line)}`;
  return requiresLogin(reply) ? `it requires a login: ${replied}` : replied;
}
