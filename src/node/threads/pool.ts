import type { MessagePort, StructuredSerializeOptions } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { JobRun } from '../jobs.ts';
import type { GuestJob, GuestResult, Job } from './procedures.ts';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

function fileOf(job: JobRun['job']): string {
  return new URL(`./${job}-job.${EXTENSION}`, import.meta.url).href;
}

/** The threads of a node. */
export class ThreadPool {
  /**
   * Resolves once all jobs have ended after `finish`; rejects with the error if a bug ends a job.
   * Its thread may have held a lock, so the process must then exit at once.
   */
  readonly ended: Promise<void>;
  readonly #pool: Piscina;
  /** The thread of guests exists only while one runs. */
  readonly #guests = new Piscina({ minThreads: 0, maxThreads: 1, idleTimeout: 0 });
  readonly #jobs: Promise<void>[] = [];
  #end: () => void = () => {};
  #fail: (reason: unknown) => void = () => {};

  constructor(threadCount: number) {
    this.#pool = new Piscina({
      minThreads: threadCount,
      maxThreads: threadCount,
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.ended.catch(() => {});
  }

  /** Runs a job on a thread of its own; resolves at its end. */
  run({ job }: JobRun, data: Job, transferred: readonly MessagePort[] = []): Promise<void> {
    const run: Promise<void> = this.#pool.run(data, {
      filename: fileOf(job),
      // Piscina declares the type of another overload of postMessage than the one it calls.
      transferList: transferred as unknown as StructuredSerializeOptions,
    });
    this.#jobs.push(run);
    run.catch((reason: unknown) => this.#fail(reason));
    return run;
  }

  /** Runs the work of a guest; they run one after the other. */
  async runGuest(data: GuestJob): Promise<GuestResult> {
    const run: Promise<GuestResult> = this.#guests.run(data, { filename: fileOf('guest') });
    const ended = run.then(() => {});
    ended.catch(() => {});
    this.#jobs.push(ended);
    run.catch((reason: unknown) => this.#fail(reason));
    return run;
  }

  /** Waits until all jobs have ended, then for `last`, and ends the threads. */
  async finish(last: () => Promise<void>): Promise<void> {
    await Promise.allSettled(this.#jobs);
    await last();
    await this.#guests.destroy();
    await this.#pool.destroy();
    this.#end();
  }
}
