import type { ByteSink } from '../../base/index.ts';
import { freeMemory } from './free-memory.ts';
import { type Transport, WRITTEN } from './transport.ts';

/** Unused output buffers of a thread, for its next slow client; it frees more than these. */
const POOL_MAX = 4;

/** The output buffers of one thread. */
export class OutputBuffers {
  /** The buffer that the sessions of the thread write their replies into. */
  readonly sink: ByteSink;
  readonly #bufferBytes: number;
  readonly #pool: Buffer[] = [];

  constructor(sink: ByteSink) {
    this.sink = sink;
    this.#bufferBytes = sink.bytes.length;
  }

  /** Gives the buffer with the replies to the caller; the sink continues with another one. */
  take(): Buffer {
    return this.sink.swap(this.#pool.pop() ?? Buffer.allocUnsafeSlow(this.#bufferBytes));
  }

  recycle(buffer: Buffer): void {
    const isUsual = buffer.length === this.#bufferBytes;
    if (isUsual && this.#pool.length < POOL_MAX) this.#pool.push(buffer);
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
      sink.at = 0;
    } else if (written === WRITTEN.copied) {
      this.bytes = transport.heldBytes;
      sink.at = 0;
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
