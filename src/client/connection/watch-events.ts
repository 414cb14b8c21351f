import type { NodeAddress } from '../../topology/index.ts';
import { NodeStream, type StreamOptions } from './node-stream.ts';

/** A node sends shorter lines. */
const LINE_CHARACTERS_MAX = 64 * 1024;

/**
 * Watches the events of a node (`watch`), on a connection of its own: yields each line, without its
 * end, until the caller or `signal` ends it. While the caller handles a line, nothing more is read,
 * and the node drops events.
 * @throws {CacheError} ERR_REFUSED, ERR_LOGIN, ERR_DEADLINE, ERR_PROTOCOL, ERR_REPLY_LOST or
 *   ERR_NODE_DOWN.
 */
export async function* watchEvents(
  node: NodeAddress,
  streams: readonly string[],
  options: StreamOptions,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const stream = new NodeStream(node, options, `watch ${streams.join(' ')}`);
  const close = (): void => stream.close();
  signal.addEventListener('abort', close, { once: true });
  let rest = '';
  let isWatching = false;
  try {
    for (;;) {
      const piece = await stream.next(isWatching ? Number.POSITIVE_INFINITY : undefined);
      const lines = (rest + piece.toString('latin1')).split('\n');
      rest = lines.pop()!;
      if (rest.length > LINE_CHARACTERS_MAX) {
        throw stream.error('ERR_PROTOCOL', { detail: 'it sent a line without an end' });
      }
      for (const line of lines.map((each) => each.replace(/\r$/, ''))) {
        if (isWatching) yield line;
        else if (line === 'OK') isWatching = true;
        else throw stream.error('ERR_REFUSED', { detail: line });
      }
    }
  } finally {
    signal.removeEventListener('abort', close);
    stream.close();
  }
}
