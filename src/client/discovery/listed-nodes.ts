import type { ConnectionOptions } from 'node:tls';
import { CLUSTER_ENTRY, CONFIG_BYTES_MAX, decodeClusterConfig } from '../../protocol/client.ts';
import { formatAddress, type NodeAddress } from '../../topology/index.ts';
import { askOnce } from '../connection/ask-once.ts';
import type { Login } from '../option-types/client.ts';

/** The largest cluster config, the lines around it, and the replies to a login. */
const REPLY_BYTES_MAX = CONFIG_BYTES_MAX + 4096;

/** How to connect to the node. */
interface Access {
  readonly tls: ConnectionOptions | undefined;
  readonly login: Login | undefined;
}

/**
 * Asks one node for the nodes of its cluster (`config get cluster`). Resolves with their addresses;
 * undefined if the node has no list, or refuses the request.
 * @throws {NoReply} when the node closes the connection, or sends something else than a reply.
 * @throws {MalformedReply} for a list that cannot be read.
 * @throws the error of the socket or of the login, or the reason of `signal`.
 */
export async function listedNodes(
  node: NodeAddress,
  { tls, login }: Access,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const options = { tls, login, replyBytesMax: REPLY_BYTES_MAX, signal };
  const reply = await askOnce(node, { verb: 'config-get', key: CLUSTER_ENTRY }, options);
  if (reply.status !== 'value') return undefined;
  return decodeClusterConfig(reply.value).nodes.map(formatAddress);
}
