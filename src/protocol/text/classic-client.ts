/** The classic text protocol from the client's side: requests out, replies in. */
import type { ByteSink } from '../../base/index.ts';

/** What kind of reply a command gets. */
export type ReplyShape = 'line' | 'values' | 'stats';

/** One item of a get. */
export interface FetchedItem {
  readonly key: string;
  readonly flags: number;
  /** A copy: nobody else holds these bytes. */
  readonly bytes: Buffer;
  /** Only when it was asked for. */
  readonly cas: bigint | undefined;
}

/** One whole reply. */
export type Reply =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'values'; readonly items: readonly FetchedItem[] }
  | { readonly kind: 'stats'; readonly stats: ReadonlyMap<string, string> }
  /** `ERROR`, `CLIENT_ERROR …`, `SERVER_ERROR …`: the command was refused. */
  | { readonly kind: 'refused'; readonly line: string };

/** The node said what no reply can be. */
export class MalformedReply extends Error {
  override readonly name = 'MalformedReply';
}

const LF = 0x0a;
const REPLY_LINE_BYTES_MAX = 4096;
const VALUE_BYTES_MAX = 2 ** 30;
const CRLF = Buffer.from('\r\n');

export type StoreWord = 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas';

export function encodeStore(
  sink: ByteSink,
  word: StoreWord,
  key: string,
  flags: number,
  exptime: number,
  value: Uint8Array,
  cas?: bigint,
): void {
  const token = cas === undefined ? '' : ` ${cas}`;
  encodeLine(sink, `${word} ${key} ${flags} ${exptime} ${value.length}${token}`);
  sink.ensure(value.length + CRLF.length);
  sink.bytes.set(value, sink.at);
  sink.at += value.length;
  sink.putConstant(CRLF);
}

/** One command line; keys in it are UTF-8. */
export function encodeLine(sink: ByteSink, line: string): void {
  sink.ensure(line.length * 3 + CRLF.length);
  sink.at += sink.bytes.write(line, sink.at, 'utf8');
  sink.putConstant(CRLF);
}

/**
 * Reads replies off a stream that arrives in pieces of any size. What it has understood of a reply
 * it keeps, so a reply of many values is read once, however it is cut.
 */
export class ReplyReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #items: FetchedItem[] = [];
  #stats = new Map<string, string>();

  /** Takes the next piece; it must not change afterwards. */
  push(piece: Buffer): void {
    const left = this.#bytes.length - this.#at;
    this.#bytes = left === 0 ? piece : Buffer.concat([this.#bytes.subarray(this.#at), piece]);
    this.#at = 0;
  }

  /** Whether bytes wait that belong to no reply read so far. */
  get hasLeft(): boolean {
    return this.#at < this.#bytes.length;
  }

  /**
   * The next reply, or undefined when it is not all here.
   * @throws {MalformedReply} when this cannot become a reply of that shape.
   */
  next(shape: ReplyShape): Reply | undefined {
    for (;;) {
      const newline = this.#bytes.indexOf(LF, this.#at);
      if (newline < 0) {
        if (this.#bytes.length - this.#at > REPLY_LINE_BYTES_MAX) throw tooLong();
        return undefined;
      }
      if (newline === this.#at || this.#bytes[newline - 1] !== 0x0d) throw strange('', 'no CRLF');
      const line = this.#bytes.toString('utf8', this.#at, newline - 1);
      if (shape === 'values' && line.startsWith('VALUE ')) {
        if (!this.#takeValue(line, newline + 1)) return undefined;
        continue;
      }
      this.#at = newline + 1;
      if (shape === 'stats' && line.startsWith('STAT ')) {
        this.#takeStat(line);
        continue;
      }
      return this.#finish(shape, line);
    }
  }

  #finish(shape: ReplyShape, line: string): Reply {
    if (/^(ERROR|CLIENT_ERROR|SERVER_ERROR)\b/.test(line)) {
      this.#items = [];
      this.#stats = new Map();
      return { kind: 'refused', line };
    }
    if (shape === 'line') return { kind: 'line', line };
    if (shape === 'stats' && line === 'RESET') return { kind: 'stats', stats: new Map() };
    if (line !== 'END') throw strange(line, `wanted ${shape}`);
    if (shape === 'values') {
      const items = this.#items;
      this.#items = [];
      return { kind: 'values', items };
    }
    const stats = this.#stats;
    this.#stats = new Map();
    return { kind: 'stats', stats };
  }

  /** `VALUE <key> <flags> <bytes> [<cas>]`, the data block, CRLF; false when it is not all here. */
  #takeValue(line: string, dataAt: number): boolean {
    const [, key = '', flags = '', length = '', cas] = line.split(' ');
    const valueBytes = Number(length);
    const good = key !== '' && /^\d{1,10}$/.test(flags) && /^\d{1,10}$/.test(length);
    if (!good || valueBytes > VALUE_BYTES_MAX) throw strange(line, 'not a VALUE line');
    if (cas !== undefined && !/^\d{1,20}$/.test(cas)) throw strange(line, 'not a CAS id');
    const end = dataAt + valueBytes;
    if (this.#bytes.length < end + CRLF.length) return false;
    if (this.#bytes[end] !== 0x0d || this.#bytes[end + 1] !== LF) {
      throw strange(line, 'its data is not followed by CRLF');
    }
    const bytes = Buffer.from(this.#bytes.subarray(dataAt, end));
    const id = cas === undefined ? undefined : BigInt(cas);
    this.#items.push({ key, flags: Number(flags), bytes, cas: id });
    this.#at = end + CRLF.length;
    return true;
  }

  #takeStat(line: string): void {
    const [, name = '', ...rest] = line.split(' ');
    this.#stats.set(name, rest.join(' '));
  }
}

function strange(line: string, why: string): MalformedReply {
  return new MalformedReply(`${why}: ${JSON.stringify(line.slice(0, 80))}`);
}

function tooLong(): MalformedReply {
  return new MalformedReply(`a line of more than ${REPLY_LINE_BYTES_MAX} bytes`);
}
