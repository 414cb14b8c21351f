import { ByteSink } from '../../base/index.ts';
import { freeMemory } from './free-memory.ts';
import { type Transport, WRITTEN } from './transport.ts';

/** A thread keeps one larger buffer, up to this size, for its next long reply. */
const LARGE_BYTES_MAX = 1024 * 1024;

/**
 * Large items and large buffers begin at the start of a page of 4 KiB, and a reply begins as many
 * bytes after it as the item has before its value, plus or minus a few. With less than 64 bytes of
 * distance to the target, modulo 4 KiB, the processor copies ten times slower.
 */
const LARGE_OFFSET_BYTES = 128;

/** The output buffers of one thread. */
export class OutputBuffers {
  /** The buffer that the sessions of the thread write their replies into. */
  readonly sink: ByteSink;
  /** The thread's own buffers, all of the same size. */
  readonly #own: ReadonlySet<Buffer>;
  /** Those of them that nothing uses. */
  readonly #free: Buffer[];
  /** What the sink writes into, unless a long reply made it move to a larger buffer. */
  #current: Buffer;
  /** For the next long reply: new memory would take more time than the copy of the value. */
  #large: Buffer | undefined;

  constructor(own: readonly [Buffer, ...Buffer[]]) {
    this.#own = new Set(own);
    [this.#current, ...this.#free] = own;
    this.sink = new ByteSink(this.#current, (bytes) => this.#takeLarge(bytes));
  }

  /** Gives the buffer with the replies to the caller; the sink continues with another one. */
  take(): Buffer {
    if (this.sink.bytes === this.#current) {
      this.#current = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#current.length);
    }
    return this.sink.swap(this.#current);
  }

  /** The replies in the sink are sent: empties it, and returns to one of the thread's buffers. */
  clear(): void {
    const { sink } = this;
    sink.at = 0;
    if (sink.bytes !== this.#current) this.recycle(sink.swap(this.#current));
    if (!this.#own.has(this.#current) && this.#free.length > 0) {
      this.#current = this.#free.pop()!;
      freeMemory(sink.swap(this.#current));
    }
  }

  recycle(buffer: Buffer): void {
    if (this.#own.has(buffer)) this.#free.push(buffer);
    else if (this.#large === undefined && isLarge(buffer, this.#current)) this.#large = buffer;
    else freeMemory(buffer);
  }

  #takeLarge(bytes: number): Buffer {
    const large = this.#large;
    this.#large = undefined;
    if (large !== undefined && large.length >= bytes) return large;
    if (large !== undefined) freeMemory(large);
    return Buffer.allocUnsafeSlow(LARGE_OFFSET_BYTES + bytes).subarray(LARGE_OFFSET_BYTES);
  }
}

/** Whether the next long reply can use a buffer. */
function isLarge({ length }: Buffer, usual: Buffer): boolean {
  return length > usual.length && length <= LARGE_BYTES_MAX;
}

/** The output of one connection that the kernel has not accepted. */
export class UnsentOutput {
  readonly #buffers: OutputBuffers;
  #kept: Buffer | undefined;
  /** The memory that the output occupies. */
  bytes = 0;

  constructor(buffers: OutputBuffers) {
    this.#buffers = buffers;
  }

  get isEmpty(): boolean {
    return this.bytes === 0;
  }

  /** Sends the replies in the sink. */
  send(transport: Transport): void {
    const { sink } = this.#buffers;
    const written = transport.write(sink.bytes, sink.at);
    if (written === WRITTEN.flushed) {
      this.#buffers.clear();
    } else if (written === WRITTEN.copied) {
      this.bytes = transport.heldBytes;
      this.#buffers.clear();
    } else {
      this.#kept = this.#buffers.take();
      this.bytes = this.#kept.length;
    }
  }

  /** The kernel has accepted the output, or the socket has closed. */
  clear(transport: Transport): void {
    transport.freeCopy();
    if (this.#kept !== undefined) this.#buffers.recycle(this.#kept);
    this.#kept = undefined;
    this.bytes = 0;
  }
}
