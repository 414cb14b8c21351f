import { askOnce, CacheError, type NodeReply, type SingleRequest } from '../../client/index.ts';
import { readNodes } from '../../topology/index.ts';
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
  const [address] = readNodes([node]);
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const options = { tls, login, replyBytesMax: REPLY_BYTES_MAX, signal };
    const reply = await askOnce(address!, request, options);
    if (reply.status === 'refused')
      throw new CacheError('ERR_REFUSED', { node, detail: reply.line });
    return reply;
  } catch (cause) {
    if (cause instanceof CacheError) throw cause;
    if (signal.aborted) throw new CacheError('ERR_DEADLINE', { node, cause });
    throw new CacheError('ERR_NODE_DOWN', { node, cause });
  }
}
