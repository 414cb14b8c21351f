import { type ListedItem, MalformedReply, MetadumpDecoder } from '../../protocol/client.ts';
import type { NodeAddress } from '../../topology/index.ts';
import { NodeStream, type StreamOptions } from './node-stream.ts';

/**
 * Lists the facts of all items of a node, without their values (`lru_crawler metadump`), on a
 * connection of its own. A list is read piece by piece: while the caller handles a piece, nothing
 * more is read, and the node waits.
 * @throws {CacheError} ERR_REFUSED, ERR_LOGIN, ERR_DEADLINE, ERR_PROTOCOL or ERR_NODE_DOWN; the
 *   list is then not complete.
 */
export async function* listItems(
  node: NodeAddress,
  options: StreamOptions,
): AsyncGenerator<readonly ListedItem[]> {
  const stream = new NodeStream(node, options, 'lru_crawler metadump all');
  const decoder = new MetadumpDecoder();
  try {
    while (!decoder.isDone) {
      const items = decoded(stream, decoder, await stream.next());
      if (decoder.refusal !== undefined)
        throw stream.error('ERR_REFUSED', { detail: decoder.refusal });
      if (items.length > 0) yield items;
    }
  } finally {
    stream.close();
  }
}

function decoded(
  stream: NodeStream,
  decoder: MetadumpDecoder,
  piece: Buffer,
): readonly ListedItem[] {
  try {
    return decoder.push(piece);
  } catch (cause) {
    if (!(cause instanceof MalformedReply)) throw cause;
    throw stream.error('ERR_PROTOCOL', { cause });
  }
}
