import { CacheError, decodeError } from '../base/errors.ts';
import { isTooLarge, mayUnpackAtOnce, type Unpacking, unpackAtOnce } from './compression.ts';

/** Values that are unpacked at a time, each in another thread; Node.js has four by default. */
const THREADS_MAX = 4;

/** What the unpacker takes from the machine. */
export interface UnpackerTiming {
  now(): number;
  setTimer(onFire: () => void, delayMs: number): { cancel(): void };
}

/** A value that waits for a thread. */
interface Job {
  readonly run: () => Promise<void>;
  isOver: boolean;
}

/**
 * Unpacks compressed values of nodes, of which a few bytes may unpack to many (a "bomb"). A value
 * has at most `maxBytes`; a large one is unpacked in another thread, and only until its deadline.
 */
export class Unpacker {
  readonly #maxBytes: number;
  readonly #timing: UnpackerTiming | undefined;
  readonly #waiting: Job[] = [];
  #running = 0;

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
    if (mayUnpackAtOnce(bytes, expectedBytes)) {
      try {
        const unpacked = unpackAtOnce(unpacking, bytes, this.#maxBytes);
        if (unpacked !== undefined) return unpacked;
      } catch (error) {
        throw isTooLarge(error) ? this.#tooLarge() : error;
      }
    }
    return this.#inThread(
      () => unpacking.inThread(bytes, this.#maxBytes, expectedBytes),
      deadlineAt,
    );
  }

  #inThread(run: () => Promise<Buffer>, deadlineAt: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(isTooLarge(error) ? this.#tooLarge() : error);
      const job: Job = { run: () => run().then(resolve, fail).finally(end), isOver: false };
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
      this.#waiting.push(job);
      this.#startJobs();
    });
  }

  /** Starts as many jobs as there are threads. A job whose deadline has passed does not start. */
  #startJobs(): void {
    while (this.#running < THREADS_MAX && this.#waiting.length > 0) {
      const job = this.#waiting.shift()!;
      if (job.isOver) continue;
      this.#running++;
      void job.run().finally(() => {
        this.#running--;
        this.#startJobs();
      });
    }
  }

  #tooLarge(): CacheError {
    return decodeError(`It unpacks to more than ${this.#maxBytes} bytes (\`maxValueBytes\`).`);
  }
}
