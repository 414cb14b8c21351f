const LINE_FEED = 0x0a;
const LINE_BYTES_MAX = 2048;

/** The replies to a batch. */
export interface BatchReply {
  /** Keys that came with a value. */
  readonly hits: ReadonlySet<string>;
  readonly stored: number;
  /** Sets with a reply such as `SERVER_ERROR out of memory storing object`. */
  readonly refused: number;
}

/** Reads the replies to some sets and one get from pieces of any size. */
export class ReplyReader {
  readonly #onBatch: (reply: BatchReply) => void;
  #rest: Buffer = Buffer.alloc(0);
  #skipBytes = 0;
  #hits = new Set<string>();
  #stored = 0;
  #refused = 0;

  constructor(onBatch: (reply: BatchReply) => void) {
    this.#onBatch = onBatch;
  }

  feed(chunk: Buffer): void {
    const input = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = this.#skip(input, 0);
    for (;;) {
      const end = input.indexOf(LINE_FEED, at);
      if (end === -1) break;
      this.#line(input.toString('latin1', at, end - 1));
      at = this.#skip(input, end + 1);
    }
    this.#rest = input.subarray(at);
    if (this.#rest.length > LINE_BYTES_MAX)
      throw new Error(`a reply line has more than ${LINE_BYTES_MAX} bytes`);
  }

  /** Skips the part of a value that has arrived; returns the start of the next line. */
  #skip(input: Buffer, at: number): number {
    const bytes = Math.min(this.#skipBytes, input.length - at);
    this.#skipBytes -= bytes;
    return at + bytes;
  }

  #line(line: string): void {
    if (line.startsWith('VALUE ')) this.#value(line);
    else if (line === 'END') this.#end();
    else if (line === 'STORED') this.#stored++;
    else if (line.startsWith('SERVER_ERROR ')) this.#refused++;
    else throw new Error(`the server sent an unexpected reply: ${JSON.stringify(line)}`);
  }

  #value(line: string): void {
    const [, key = '', , bytes] = line.split(' ');
    this.#hits.add(key);
    this.#skipBytes = Number(bytes) + 2;
  }

  #end(): void {
    const reply = { hits: this.#hits, stored: this.#stored, refused: this.#refused };
    this.#hits = new Set();
    this.#stored = 0;
    this.#refused = 0;
    this.#onBatch(reply);
  }
}
