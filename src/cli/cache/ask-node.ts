import {
  askOnce,
  CacheError,
  memberTopology,
  type NodeReply,
  type SingleRequest,
} from '../../client/index.ts';
import { type ClusterTopology, type NodeAddress, readNodes } from '../../topology/index.ts';
import type { ConnectOptions } from '../options/cache-options.ts';

/** A longer reply is not a reply of one line. */
const REPLY_BYTES_MAX = 4096;

/**
 * Sends one request that the client has no call for to a node.
 * @throws {CacheError} the failure, as an operation of the client has it.
 */
export async function askNode(
  node: string,
  request: SingleRequest,
  { tls, login, deadlineMs }: ConnectOptions,
): Promise<NodeReply> {
  return withFailures(node, deadlineMs, async (address, signal) => {
    const options = { tls, login, replyBytesMax: REPLY_BYTES_MAX, signal };
    const reply = await askOnce(address, request, options);
    if (reply.status === 'refused')
      throw new CacheError('ERR_REFUSED', { node, detail: reply.line });
    return reply;
  });
}

/**
 * Asks a node for the topology of its cluster of slabring; undefined if it is in none.
 * @throws {CacheError} the failure, as an operation of the client has it.
 */
export function askTopology(
  node: string,
  { tls, login, deadlineMs }: ConnectOptions,
): Promise<ClusterTopology | undefined> {
  return withFailures(node, deadlineMs, (address, signal) =>
    memberTopology(address, { tls, login }, signal),
  );
}

async function withFailures<T>(
  node: string,
  deadlineMs: number,
  ask: (address: NodeAddress, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const [address] = readNodes([node]);
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    return await ask(address!, signal);
  } catch (cause) {
    if (cause instanceof CacheError) throw cause;
    if (signal.aborted) throw new CacheError('ERR_DEADLINE', { node, cause });
    throw new CacheError('ERR_NODE_DOWN', { node, cause });
  }
}
