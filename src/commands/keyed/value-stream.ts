import type { ByteSink } from '../../base/index.ts';
import { REPLY_FRAME_BYTES_MAX, type ReplyWriter } from '../../protocol/index.ts';
import { type ItemId, type ItemStore, NO_ITEM } from '../../store/index.ts';
import type { ReplyStream } from '../reply-stream.ts';

/**
 * Bytes of a value that one turn writes, so that back-pressure takes effect and other connections
 * get their turns. A piece leaves in one write and fits into the output buffer, which is empty
 * when a turn begins.
 */
const PIECE_BYTES = 192 * 1024;

/**
 * Streams a large value and the end of its reply. The item is pinned, so it does not change while
 * the stream reads it, even if another client deletes the key or stores a new value.
 */
export class ValueStream implements ReplyStream {
  readonly canBeTruncated = false;
  readonly #store: ItemStore;
  readonly #hash: number;
  readonly #reply: Pick<ReplyWriter, 'valueEnd'>;
  readonly #valueBytes: number;
  #item: ItemId;
  #written = 0;

  /** The caller has pinned the item while its key, which has this hash, was open. */
  constructor(store: ItemStore, hash: number, item: ItemId, reply: Pick<ReplyWriter, 'valueEnd'>) {
    this.#store = store;
    this.#hash = hash;
    this.#item = item;
    this.#reply = reply;
    this.#valueBytes = store.items.valueBytes(item);
  }

  write(sink: ByteSink): boolean {
    sink.ensure(PIECE_BYTES + REPLY_FRAME_BYTES_MAX);
    const length = Math.min(PIECE_BYTES, this.#valueBytes - this.#written);
    this.#store.readValue(this.#item, this.#written, length, sink);
    this.#written += length;
    if (this.#written < this.#valueBytes) return false;
    this.#reply.valueEnd();
    this.abandon();
    return true;
  }

  abandon(): void {
    if (this.#item === NO_ITEM) return;
    this.#store.unpin(this.#hash, this.#item);
    this.#item = NO_ITEM;
  }
}
