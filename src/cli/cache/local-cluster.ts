import { CacheError, type Login, listedNodes, NoReply } from '../../client/index.ts';
import { PORT_DEFAULT, readNodes } from '../../topology/index.ts';
import type { ClientTls } from '../options/tls-options.ts';

/** The node that a verb asks for its cluster when the command line names no nodes. */
export const LOCAL_NODE = `127.0.0.1:${PORT_DEFAULT}`;

interface Access {
  readonly login: Login | undefined;
  readonly tls: ClientTls | undefined;
  readonly deadlineMs: number;
}

/**
 * The nodes of the local node's cluster; the local node alone if it has no list of them. A node
 * that does not reply to this question may refuse the operation too, and that explains more.
 * @throws {CacheError} ERR_NODE_DOWN if there is no connection to the local node.
 */
export async function localCluster(
  { login, tls, deadlineMs }: Access,
  name = LOCAL_NODE,
): Promise<readonly string[]> {
  const [node] = readNodes([name]);
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    return (await listedNodes(node!, { login, tls }, signal)) ?? [name];
  } catch (cause) {
    if (cause instanceof NoReply || signal.aborted || !isFromSystem(cause)) return [name];
    throw new CacheError('ERR_NODE_DOWN', { node: name, cause });
  }
}

/** Errors of sockets and TLS have a code; a refused login has none. */
function isFromSystem(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
