/** lru_crawler metadump and mgdump: list all keys in bounded steps, while the node serves. */
import type { ByteSink } from '../../base/index.ts';
import { putBase64 } from '../../protocol/index.ts';
import type { ItemId, ItemStore, ItemWalk, Store } from '../../store/index.ts';
import type { ReplyStream } from '../reply-stream.ts';
import { isWord, putEncodedKey } from './key-text.ts';

/** Room in the output before a piece. */
const PIECE_BYTES = 64 * 1024;
/** Steps of the walk that one piece makes at most. */
const STEPS_PER_PIECE = 4096;
/** The longest line: a key of 250 bytes, each encoded as `%XX`, and the numbers. */
const LINE_BYTES_MAX = 1200;

/** memcached's MAX_NUMBER_OF_SLAB_CLASSES. */
const CLASS_IDS_END = 64;

const text = (words: string): Uint8Array => Buffer.from(words, 'latin1');
const KEY = text('key=');
const EXP = text(' exp=');
const NEVER = text('-1');
const LA = text(' la=');
const CAS = text(' cas=');
const FETCHED = text(' fetch=yes');
const UNFETCHED = text(' fetch=no');
const CLS = text(' cls=');
const SIZE = text(' size=');
const FLAGS = text(' flags=');
/** As memcached's, the line ends in a blank and without a CR. */
const LINE_END = text(' \n');
const OK = text('OK\r\n');
const MG = text('mg ');
const CRLF = text('\r\n');
const BINARY_CRLF = text(' b\r\n');

/**
 * Lists the live items in pieces: OK, a line for each item, in the order of a walk over the store,
 * then END or EN. A dump without its end is not complete.
 */
class Metadump implements ReplyStream {
  readonly canBeTruncated = true;
  readonly #store: ItemStore;
  readonly #walk: ItemWalk;
  readonly #classes: ReadonlySet<number> | undefined;
  readonly #lines: 'meta' | 'mg';
  #hasBegun = false;

  /** Lists the items of all size classes if `classes` is undefined. */
  constructor(store: Store, lines: 'meta' | 'mg', classes: ReadonlySet<number> | undefined) {
    this.#store = store.items;
    this.#walk = store.walk();
    this.#lines = lines;
    this.#classes = classes;
  }

  write(sink: ByteSink): boolean {
    sink.ensure(PIECE_BYTES + LINE_BYTES_MAX);
    const pieceEnd = sink.at + PIECE_BYTES;
    if (!this.#hasBegun) sink.putConstant(OK);
    this.#hasBegun = true;
    const visit = (id: ItemId): void => this.#writeItem(sink, id);
    for (let steps = 0; steps < STEPS_PER_PIECE && !this.#walk.isDone; steps++) {
      if (sink.at >= pieceEnd) return false;
      const linesMax = Math.floor((sink.bytes.length - sink.at) / LINE_BYTES_MAX);
      const items = this.#walk.step(linesMax, visit);
      if (items > 0) sink.ensure(items * LINE_BYTES_MAX);
    }
    if (!this.#walk.isDone) return false;
    sink.putText(this.#lines === 'mg' ? 'EN\r\n' : 'END\r\n');
    return true;
  }

  /** The dump holds no resources between two pieces. */
  abandon(): void {}

  #writeItem(sink: ByteSink, id: ItemId): void {
    const { items } = this.#store;
    if (this.#classes !== undefined && !this.#classes.has(items.lruClassOf(id))) return;
    const keyAt = items.keyAt(id);
    const keyEnd = keyAt + items.keyBytes(id);
    if (this.#lines === 'mg') this.#writeMg(sink, id, keyAt, keyEnd);
    else this.#writeMeta(sink, id, keyAt, keyEnd);
  }

  #writeMeta(sink: ByteSink, id: ItemId, keyAt: number, keyEnd: number): void {
    const { items, bytes, clock } = this.#store;
    const expiry = items.expiry(id);
    const epoch = clock.epoch();
    sink.putConstant(KEY);
    putEncodedKey(sink, bytes.bytes, keyAt, keyEnd);
    sink.putConstant(EXP);
    if (expiry === 0) sink.putConstant(NEVER);
    else sink.putDecimal(expiry + epoch);
    sink.putConstant(LA);
    sink.putDecimal(items.access(id) + epoch);
    sink.putConstant(CAS);
    sink.putDecimal64(items.casHigh(id), items.casLow(id));
    sink.putConstant(items.isFetched(id) ? FETCHED : UNFETCHED);
    sink.putConstant(CLS);
    sink.putDecimal(items.lruClassOf(id));
    sink.putConstant(SIZE);
    sink.putDecimal(items.bytes(id));
    sink.putConstant(FLAGS);
    sink.putDecimal(items.clientFlags(id));
    sink.putConstant(LINE_END);
  }

  /** Writes a request line that a client can send unchanged to fetch the item. */
  #writeMg(sink: ByteSink, id: ItemId, keyAt: number, keyEnd: number): void {
    const { items, bytes } = this.#store;
    const isBinary = items.hasBinaryKey(id) || !isWord(bytes.bytes, keyAt, keyEnd);
    sink.putConstant(MG);
    if (isBinary) putBase64(sink, bytes.bytes, keyAt, keyEnd);
    else sink.putRange(bytes.bytes, keyAt, keyEnd);
    sink.putConstant(isBinary ? BINARY_CRLF : CRLF);
  }
}

/** Starts the dump of `lru_crawler metadump|mgdump <all|hash|ids>`, or returns an error line. */
export function beginMetadump(
  store: Store,
  words: readonly string[],
  dumpingAllowed: boolean,
): Metadump | string {
  const [, action, which = ''] = words;
  const isMg = action === 'mgdump';
  if (!dumpingAllowed) return isMg ? 'ERROR key dump not allowed' : 'ERROR metadump not allowed';
  const lines = isMg ? 'mg' : 'meta';
  if (which === 'all' || which === 'hash') return new Metadump(store, lines, undefined);
  const ids = which.split(',').map((id) => (/^\d{1,3}$/.test(id) ? Number(id) : 0));
  if (ids.some((id) => id < 1 || id >= CLASS_IDS_END)) return 'BADCLASS invalid class id';
  return new Metadump(store, lines, new Set(ids));
}
