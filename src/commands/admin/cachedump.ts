import type { ByteSink } from '../../base/index.ts';
import type { ClassWalk, ItemId, ItemStore, Store } from '../../store/index.ts';
import type { ReplyStream } from '../reply-stream.ts';
import { putKeyWord } from './key-text.ts';

/** memcached's bound on the reply to one cachedump. */
const DUMP_BYTES_MAX = 2 * 1024 * 1024;
/** A piece ends after this much output, or after so many steps of the walk. */
const PIECE_BYTES = 64 * 1024;
const STEPS_PER_PIECE = 16;
/** The longest line: a key of 250 bytes, each as `%XX`, and two numbers. */
const LINE_BYTES_MAX = 820;
const ITEM_WORD = Buffer.from('ITEM ');
const BYTES_WORD = Buffer.from(' b; ');
const SECONDS_WORD = Buffer.from(' s]\r\n');
const OPEN_WORD = Buffer.from(' [');
const END = Buffer.from('END\r\n');

/**
 * Lists the live items of one size class in pieces, in the order of their memory, up to 2 MiB.
 * memcached lists the newest first, under one hold of the lock of the class.
 */
export class Cachedump implements ReplyStream {
  readonly canBeTruncated = true;
  readonly #items: ItemStore;
  readonly #walk: ClassWalk;
  #linesLeft: number;
  #bytesLeft = DUMP_BYTES_MAX;
  #sink: ByteSink | undefined;

  /** Lists at most `limit` items; 0 means no limit. */
  constructor(store: Store, sizeClass: number, limit: number) {
    this.#items = store.items;
    this.#walk = store.walkClass(sizeClass);
    this.#linesLeft = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  }

  write(sink: ByteSink): boolean {
    const pieceStart = sink.at;
    this.#sink = sink;
    for (let steps = 0; steps < STEPS_PER_PIECE && !this.#isDone(); steps++) {
      if (sink.at - pieceStart > PIECE_BYTES) break;
      const stepStart = sink.at;
      sink.ensure((this.#walk.itemsPerStep + 1) * LINE_BYTES_MAX);
      this.#walk.step(this.#writeItem);
      this.#bytesLeft -= sink.at - stepStart;
    }
    if (!this.#isDone()) return false;
    sink.putConstant(END);
    return true;
  }

  /** The dump holds no resources between two pieces. */
  abandon(): void {}

  #isDone(): boolean {
    return this.#walk.isDone || this.#linesLeft === 0 || this.#bytesLeft < LINE_BYTES_MAX;
  }

  readonly #writeItem = (id: ItemId): boolean => {
    const { items, bytes, clock } = this.#items;
    const sink = this.#sink!;
    const keyAt = items.keyAt(id);
    const expiry = items.expiry(id);
    sink.putConstant(ITEM_WORD);
    putKeyWord(sink, bytes.bytes, keyAt, keyAt + items.keyBytes(id));
    sink.putConstant(OPEN_WORD);
    sink.putDecimal(items.valueBytes(id));
    sink.putConstant(BYTES_WORD);
    sink.putDecimal(expiry === 0 ? 0 : expiry + clock.epoch());
    sink.putConstant(SECONDS_WORD);
    return --this.#linesLeft > 0;
  };
}
