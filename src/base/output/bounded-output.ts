import { counted } from '../counted.ts';
/**
 * Writes bytes to their destination without blocking the thread; resolves with the number of bytes
 * written, at least 1. It may stay pending for ever, if nobody reads the bytes.
 */
export type WriteBytes = (bytes: Buffer) => number | Promise<number>;

interface OutputOptions {
  readonly write: WriteBytes;
  /** The bytes that wait for the destination; the output drops, and counts, more lines. */
  readonly bytesMax?: number;
  /** The time between a failed write and the next one. */
  readonly retryMs?: number;
}

const BYTES_MAX = 256 * 1024;
const RETRY_MS = 1000;

/**
 * Lines on their way to a destination that may be full, slow or stuck: a write never blocks the
 * thread, never throws, and needs a bounded amount of memory.
 */
export class BoundedOutput {
  /** Called with the number of dropped lines once a later line could be written. */
  reportDropped: (lines: number) => void = (lines) =>
    this.writeLine(
      `${counted(lines, 'line')} ${lines === 1 ? 'is' : 'are'} missing here: the output was full ` +
        'or blocked',
    );
  readonly #options: Required<OutputOptions>;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** The lines dropped since the last notice, and those that nothing has counted yet. */
  #unreportedLines = 0;
  #uncountedLines = 0;
  #countDropped: ((lines: number) => void) | undefined;
  #isWriting = false;
  /** The report itself is never dropped. */
  #isReporting = false;
  #written: Promise<void> = Promise.resolve();

  constructor(options: OutputOptions) {
    this.#options = { bytesMax: BYTES_MAX, retryMs: RETRY_MS, ...options };
  }

  /** Writes a line, or drops it if too many bytes wait. */
  writeLine(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    const isFull = this.#waitingBytes + bytes.length > this.#options.bytesMax;
    if (isFull && !this.#isReporting) {
      this.#drop(1);
    } else {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
    }
    if (!this.#isWriting) this.#written = this.#writeAll();
  }

  /** Calls `count` with the number of lines dropped: at once with those before, later with each. */
  countDropped(count: (lines: number) => void): void {
    this.#countDropped = count;
    this.#drop(0);
  }

  /** Resolves once all lines are written, or after `msMax`. */
  async flush(msMax: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, msMax);
    await Promise.race([this.#written, late]);
    clearTimeout(timer);
  }

  #drop(lines: number): void {
    this.#unreportedLines += lines;
    this.#uncountedLines += lines;
    if (this.#countDropped === undefined) return;
    this.#countDropped(this.#uncountedLines);
    this.#uncountedLines = 0;
  }

  /** Writes until no line waits; begins before it returns. */
  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      let rest = Buffer.concat(this.#waiting);
      this.#waiting = [];
      while (rest.length > 0) {
        const writtenBytes = await this.#tryWrite(rest);
        rest = rest.subarray(writtenBytes);
        this.#waitingBytes -= writtenBytes;
      }
      if (this.#unreportedLines > 0) this.#report();
    }
    this.#isWriting = false;
  }

  /** Returns 0 after a failure and a pause: the disk may have room later. */
  async #tryWrite(bytes: Buffer): Promise<number> {
    try {
      const written = this.#options.write(bytes);
      return typeof written === 'number' ? written : await written;
    } catch {
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, this.#options.retryMs).unref();
      await promise;
      return 0;
    }
  }

  /** The destination takes lines again. */
  #report(): void {
    const lines = this.#unreportedLines;
    this.#unreportedLines = 0;
    this.#isReporting = true;
    this.reportDropped(lines);
    this.#isReporting = false;
  }
}
