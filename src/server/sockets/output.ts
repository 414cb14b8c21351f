import { ByteSink } from '../../base/index.ts';
import { freeMemory } from './free-memory.ts';
import { type Transport, WRITTEN } from './transport.ts';

/** The output buffers of one thread. */
export class OutputBuffers {
  /** The buffer that the sessions of the thread write their replies into. */
  readonly sink: ByteSink;
  /** The buffers of the thread's region, all of the same size. */
  readonly #own: ReadonlySet<Buffer>;
  /** Those of them that nothing uses. */
  readonly #free: Buffer[];
  /** What the sink writes into, unless a long reply made it move to a larger buffer. */
  #current: Buffer;

  constructor(own: readonly [Buffer, ...Buffer[]]) {
    this.#own = new Set(own);
    [this.#current, ...this.#free] = own;
    this.sink = new ByteSink(this.#current);
  }

  /** Gives the buffer with the replies to the caller; the sink continues with another one. */
  take(): Buffer {
    if (this.sink.bytes === this.#current) {
      this.#current = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#current.length);
    }
    return this.sink.swap(this.#current);
  }

  /** The replies in the sink are sent: empties it, and returns to a buffer of the region. */
  clear(): void {
    const { sink } = this;
    sink.at = 0;
    if (sink.bytes !== this.#current) freeMemory(sink.swap(this.#current));
    if (!this.#own.has(this.#current) && this.#free.length > 0) {
      this.#current = this.#free.pop()!;
      freeMemory(sink.swap(this.#current));
    }
  }

  recycle(buffer: Buffer): void {
    if (this.#own.has(buffer)) this.#free.push(buffer);
    else freeMemory(buffer);
  }
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
