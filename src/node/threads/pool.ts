import type { MessagePort, StructuredSerializeOptions } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { JobRun } from '../jobs.ts';
import type { Job } from './procedures.ts';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The threads of a node. */
export class ThreadPool {
  /**
   * Resolves once all jobs have ended after `finish`; rejects with the error if a bug ends a job.
   * Its thread may have held a lock, so the process must then exit at once.
   */
  readonly ended: Promise<void>;
  readonly #pool: Piscina;
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
      filename: new URL(`./${job}-job.${EXTENSION}`, import.meta.url).href,
      // Piscina declares the type of another overload of postMessage than the one it calls.
      transferList: transferred as unknown as StructuredSerializeOptions,
    });
    this.#jobs.push(run);
    run.catch((reason: unknown) => this.#fail(reason));
    return run;
  }

  /** Waits until all jobs have ended, and ends their threads. */
  async finish(): Promise<void> {
    await Promise.allSettled(this.#jobs);
    await this.#pool.destroy();
    this.#end();
  }
}
