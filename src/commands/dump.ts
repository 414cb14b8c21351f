/** lru_crawler metadump and mgdump: every key of the node, in bounded steps while it serves. */
import type { ByteSink } from '../base/index.ts';
import { putBase64 } from '../protocol/index.ts';
import { FLAG, type ItemId, NO_ITEM, type Store } from '../store/index.ts';
import type { ReplyStream } from './reply-stream.ts';

/** Bytes kept free in the output before a bucket is locked: nothing is allocated under a lock. */
const PIECE_BYTES = 64 * 1024;
/** Groups of buckets looked at in one piece. */
const GROUPS_PER_PIECE = 4096;
/** The longest line: a key of 250 bytes, each written as `%XX`, and the numbers. */
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
const NEWLINE = text('\n');
const MG = text('mg ');
const CRLF = text('\r\n');
const BINARY_CRLF = text(' b\r\n');
const HEX = text('0123456789ABCDEF');
const PERCENT = 0x25;
/** Characters that a URI holds as they are (RFC 3986, unreserved). */
const PLAIN = new Uint8Array(256);
for (const byte of text('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')) {
  PLAIN[byte] = 1;
}

/**
 * Walks the index by groups of buckets whose numbers end in the same bits, one group under its lock
 * at a time. A bucket that splits meanwhile stays in its group, so an item that is there all the time
 * is told exactly once.
 */
export class Dump implements ReplyStream {
  readonly mayBeCut = true;
  readonly #store: Store;
  readonly #classes: ReadonlySet<number> | undefined;
  readonly #lines: 'meta' | 'mg';
  readonly #groups: number;
  #group = 0;

  /** Of all size classes unless some are named. */
  constructor(store: Store, lines: 'meta' | 'mg', classes: ReadonlySet<number> | undefined) {
    this.#store = store;
    this.#lines = lines;
    this.#classes = classes;
    this.#groups = store.index.groupCount();
  }

  write(sink: ByteSink): boolean {
    sink.ensure(PIECE_BYTES + LINE_BYTES_MAX);
    const full = sink.at + PIECE_BYTES;
    for (let groups = 0; groups < GROUPS_PER_PIECE && this.#group < this.#groups; groups++) {
      if (sink.at >= full) return false;
      const missing = this.#writeGroup(sink);
      if (missing > 0) sink.ensure(missing);
      else this.#group++;
    }
    if (this.#group < this.#groups) return false;
    sink.putText(this.#lines === 'mg' ? 'EN\r\n' : 'END\r\n');
    return true;
  }

  /** It holds nothing between two pieces. */
  abandon(): void {}

  /** The room that the group may take, when there is not as much: then nothing of it is written. */
  #writeGroup(sink: ByteSink): number {
    const { index } = this.#store;
    index.lockGroup(this.#group);
    const room = index.groupItems(this.#group, this.#groups) * LINE_BYTES_MAX;
    const fits = sink.at + room <= sink.bytes.length;
    if (fits) {
      for (let at = this.#group; at < index.bucketCount(); at += this.#groups) {
        for (let id = index.first(at); id !== NO_ITEM; id = index.next(id)) {
          this.#writeItem(sink, id);
        }
      }
    }
    index.unlockGroup(this.#group);
    return fits ? 0 : room;
  }

  #writeItem(sink: ByteSink, id: ItemId): void {
    const { items, lifetimes } = this.#store;
    if (lifetimes.isExpired(id) || lifetimes.isFlushed(id)) return;
    if (this.#classes !== undefined && !this.#classes.has(items.lruClassOf(id))) return;
    const keyAt = items.keyAt(id);
    const keyEnd = keyAt + items.keyBytes(id);
    if (this.#lines === 'mg') this.#writeMg(sink, id, keyAt, keyEnd);
    else this.#writeMeta(sink, id, keyAt, keyEnd);
  }

  #writeMeta(sink: ByteSink, id: ItemId, keyAt: number, keyEnd: number): void {
    const { items, lifetimes } = this.#store;
    const expiry = items.expiry(id);
    const epoch = lifetimes.epoch();
    sink.putConstant(KEY);
    this.#writeKey(sink, keyAt, keyEnd);
    sink.putConstant(EXP);
    if (expiry === 0) sink.putConstant(NEVER);
    else sink.putDecimal(expiry + epoch);
    sink.putConstant(LA);
    sink.putDecimal(items.access(id) + epoch);
    sink.putConstant(CAS);
    sink.putDecimal64(items.casHigh(id), items.casLow(id));
    sink.putConstant(items.has(id, FLAG.fetched) ? FETCHED : UNFETCHED);
    sink.putConstant(CLS);
    sink.putDecimal(items.lruClassOf(id));
    sink.putConstant(SIZE);
    sink.putDecimal(items.bytes(id));
    sink.putConstant(NEWLINE);
  }

  /** A line that a client may send as it is, to fetch the item. */
  #writeMg(sink: ByteSink, id: ItemId, keyAt: number, keyEnd: number): void {
    const { items, arena } = this.#store;
    const isBinary = items.has(id, FLAG.keyBinary);
    sink.putConstant(MG);
    if (isBinary) putBase64(sink, arena.bytes, keyAt, keyEnd);
    else sink.putRange(arena.bytes, keyAt, keyEnd);
    sink.putConstant(isBinary ? BINARY_CRLF : CRLF);
  }

  #writeKey(sink: ByteSink, keyAt: number, keyEnd: number): void {
    const { bytes } = this.#store.arena;
    for (let at = keyAt; at < keyEnd; at++) {
      const byte = bytes[at]!;
      if (PLAIN[byte] === 1) {
        sink.putByte(byte);
        continue;
      }
      sink.putByte(PERCENT);
      sink.putByte(HEX[byte >>> 4]!);
      sink.putByte(HEX[byte & 15]!);
    }
  }
}

/** What `lru_crawler metadump|mgdump <all|hash|ids>` asks for, or the line that refuses it. */
export function beginDump(
  store: Store,
  words: readonly string[],
  dumpingAllowed: boolean,
): Dump | string {
  const [, action, which = ''] = words;
  const isMg = action === 'mgdump';
  if (!dumpingAllowed) return isMg ? 'ERROR key dump not allowed' : 'ERROR metadump not allowed';
  const lines = isMg ? 'mg' : 'meta';
  if (which === 'all' || which === 'hash') return new Dump(store, lines, undefined);
  const ids = which.split(',').map((id) => (/^\d{1,3}$/.test(id) ? Number(id) : 0));
  if (ids.some((id) => id < 1 || id >= CLASS_IDS_END)) return 'BADCLASS invalid class id';
  return new Dump(store, lines, new Set(ids));
}
