import { CacheError, decodeError } from '../base/errors.ts';
import {
  isTooLarge,
  mayUnpackAtOnce,
  SYNC_UNPACKED_BYTES_MAX,
  type Unpacking,
  unpackAtOnce,
} from './compression.ts';
import { ThreadQueue } from './thread-queue.ts';

/** Small values unpack to about this much in one turn of the event loop, which takes 10 ms. */
const TURN_BYTES_MAX = 16 * 2 ** 20;

/** What the unpacker takes from the machine. */
export interface UnpackerTiming {
  now(): number;
  setTimer(onFire: () => void, delayMs: number): { cancel(): void };
}

/**
 * Unpacks compressed values of nodes, of which a few bytes may unpack to many (a "bomb"). A value
 * has at most `maxBytes`; a large one is unpacked in another thread, and only until its deadline.
 */
export class Unpacker {
  readonly #maxBytes: number;
  readonly #timing: UnpackerTiming | undefined;
  readonly #queue = new ThreadQueue();
  /** What this turn of the event loop has unpacked at once. */
  #turnBytes = 0;

  /** @param timing without it there are no deadlines. */
  constructor(maxBytes: number, timing?: UnpackerTiming) {
    this.#maxBytes = maxBytes;
    this.#timing = timing;
  }

  /**
   * @param expectedBytes the size that the value's header names.
   * @param deadlineAt when the caller stops waiting; milliseconds on the clock of the timing.
   * @throws {CacheError} ERR_VALUE if the value is too large; a promise rejects, also with
   *     ERR_DEADLINE.
   */
  unpack(
    unpacking: Unpacking,
    bytes: Uint8Array,
    expectedBytes: number | undefined,
    deadlineAt: number,
  ): Buffer | Promise<Buffer> {
    if (expectedBytes !== undefined && expectedBytes > this.#maxBytes) throw this.#tooLarge();
    if (this.#turnBytes < TURN_BYTES_MAX && mayUnpackAtOnce(bytes, expectedBytes)) {
      const unpacked = this.#atOnce(unpacking, bytes);
      if (unpacked !== undefined) return unpacked;
    }
    const run = () => unpacking.inThread(bytes, this.#maxBytes, expectedBytes);
    return this.#inThread(run, bytes.length, deadlineAt);
  }

  #atOnce(unpacking: Unpacking, bytes: Uint8Array): Buffer | undefined {
    let unpacked: Buffer | undefined;
    try {
      unpacked = unpackAtOnce(unpacking, bytes, this.#maxBytes);
      return unpacked;
    } catch (error) {
      throw isTooLarge(error) ? this.#tooLarge() : error;
    } finally {
      this.#countInTurn(unpacked?.length ?? SYNC_UNPACKED_BYTES_MAX);
    }
  }

  #countInTurn(bytes: number): void {
    if (this.#turnBytes === 0) {
      setImmediate(() => {
        this.#turnBytes = 0;
      });
    }
    this.#turnBytes += bytes;
  }

  #inThread(run: () => Promise<Buffer>, bytes: number, deadlineAt: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(isTooLarge(error) ? this.#tooLarge() : error);
      const job = { bytes, run: () => run().then(resolve, fail).finally(end), isOver: false };
      const end = (): void => {
        job.isOver = true;
        timer?.cancel();
      };
      const onDeadline = (): void => {
        end();
        const detail = 'The value was not unpacked by then.';
        reject(new CacheError('ERR_DEADLINE', { detail }));
      };
      const timing = this.#timing;
      const leftMs = Math.max(1, deadlineAt - (timing?.now() ?? 0));
      const timer = timing?.setTimer(onDeadline, leftMs);
      this.#queue.add(job);
    });
  }

  #tooLarge(): CacheError {
    return decodeError(`It unpacks to more than ${this.#maxBytes} bytes (\`maxValueBytes\`).`);
  }
}
