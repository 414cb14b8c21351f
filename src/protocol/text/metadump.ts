/** The client's half of `lru_crawler metadump`: the facts of all items, without their values. */
import { MalformedReply } from '../client/reply.ts';

/** An item as a metadump lists it. */
export interface ListedItem {
  /** One character for each byte of the key (latin1). */
  readonly key: string;
  /** Unix time; undefined for never. */
  readonly expiresAt: number | undefined;
  /** Unix time of the last access. */
  readonly accessedAt: number;
  /** Whether a client has read the item since it was stored. */
  readonly isFetched: boolean;
  readonly sizeClass: number;
  /** What the item occupies, with its key and its header. */
  readonly bytes: number;
}

const LINE =
  /^key=(\S+) exp=(-?\d+) la=(\d+) cas=\d+ fetch=(yes|no) cls=(\d+) size=(\d+)(?: flags=\d+)? ?$/;
const ERROR = /^(ERROR|CLIENT_ERROR|SERVER_ERROR|BUSY|BADCLASS)\b/;
/** Longer than any line: a key of 250 bytes, each as `%XX`, and the numbers. */
const LINE_BYTES_MAX = 2048;
const LF = 0x0a;

/** Decodes the reply from pieces of any size. */
export class MetadumpDecoder {
  /** The error line that is the reply; undefined for a list. */
  refusal: string | undefined;
  /** Whether the reply is complete. */
  isDone = false;
  #rest = '';

  /**
   * Returns the items whose lines the next piece completes.
   * @throws {MalformedReply} for what is no such reply.
   */
  push(piece: Buffer): readonly ListedItem[] {
    const items: ListedItem[] = [];
    let start = 0;
    while (!this.isDone) {
      const end = piece.indexOf(LF, start);
      if (end < 0) break;
      this.#take(this.#rest + piece.toString('latin1', start, end), items);
      this.#rest = '';
      start = end + 1;
    }
    this.#rest += piece.toString('latin1', start);
    if (this.#rest.length > LINE_BYTES_MAX) throw new MalformedReply('a line without an end');
    return items;
  }

  #take(received: string, items: ListedItem[]): void {
    const line = received.endsWith('\r') ? received.slice(0, -1) : received;
    const [, key, expiry, access, fetched, sizeClass, bytes] = LINE.exec(line) ?? [];
    if (key !== undefined) {
      items.push({
        key: key.includes('%') ? decoded(key) : key,
        expiresAt: Number(expiry) < 0 ? undefined : Number(expiry),
        accessedAt: Number(access),
        isFetched: fetched === 'yes',
        sizeClass: Number(sizeClass),
        bytes: Number(bytes),
      });
    } else if (line === 'END') this.isDone = true;
    else if (ERROR.test(line)) this.#refuse(line);
    else if (line !== 'OK') throw new MalformedReply(`no line of a metadump: ${shown(line)}`);
  }

  #refuse(line: string): void {
    this.refusal = line;
    this.isDone = true;
  }
}

const decoded = (key: string): string =>
  key.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

const shown = (line: string): string => JSON.stringify(line.slice(0, 80));
