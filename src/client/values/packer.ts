import { CacheError, encodeError } from '../base/errors.ts';
import type { CompressionOptions } from '../option-types/client.ts';
import { compressAtOnce, compressInThread, SYNC_BYTES_MAX } from './compression.ts';
import { ThreadQueue } from './thread-queue.ts';

/** Values that wait for their compression keep a copy of their bytes. */
const WAITING_BYTES_MAX = 256 * 2 ** 20;

/** The call whose value is compressed. */
export interface PackingCall {
  /** The call has settled: its value need not be compressed any more. */
  isOver: boolean;
}

/** Compresses values: a large one in another thread, and as many of them as memory is there for. */
export class Packer {
  readonly minBytes: number;
  readonly #level: number;
  readonly #queue = new ThreadQueue();

  constructor({ minBytes, level }: Required<CompressionOptions>) {
    this.minBytes = minBytes;
    this.#level = level;
  }

  /**
   * @throws {CacheError} ERR_QUEUE_FULL if too many values wait; a promise rejects with ERR_VALUE,
   *     and does not settle if the call is over.
   */
  pack(bytes: Uint8Array, call: PackingCall | undefined): Buffer | Promise<Buffer> {
    if (bytes.length <= SYNC_BYTES_MAX) return compressAtOnce(bytes, this.#level);
    const queue = this.#queue;
    if (queue.bytes > 0 && queue.bytes + bytes.length > WAITING_BYTES_MAX) {
      const detail = `${queue.bytes} bytes of values wait for their compression.`;
      throw new CacheError('ERR_QUEUE_FULL', { detail });
    }
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const run = async (): Promise<void> => {
      try {
        resolve(await compressInThread(bytes, this.#level));
      } catch (cause) {
        reject(encodeError('The compression failed, see `cause`.', cause));
      }
    };
    queue.add({
      bytes: bytes.length,
      run,
      get isOver() {
        return call?.isOver === true;
      },
    });
    return promise;
  }
}
