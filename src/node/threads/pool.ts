import type { MessagePort, StructuredSerializeOptions } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { addressSpaceError } from '../address-space.ts';
import type { JobRun } from '../jobs.ts';
import { processLimit } from '../process-limits.ts';
import { withinTime } from '../within-time.ts';
import type { GuestJob, GuestResult, Job } from './procedures.ts';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

function fileOf(job: JobRun['job']): string {
  return new URL(`./${job}-job.${EXTENSION}`, import.meta.url).href;
}

/** How long the threads of a node that has not started may take to end, twice. */
const ABANDON_MS_MAX = 2000;

/** V8 says that its heap is full also when a limit of the process leaves a thread no room. */
function causeOf(reason: unknown, limit: number): unknown {
  const isOutOfMemory =
    reason instanceof Error && 'code' in reason && reason.code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (!isOutOfMemory || limit === Number.POSITIVE_INFINITY) return reason;
  return addressSpaceError(limit, reason);
}

/** The threads of a node. */
export class ThreadPool {
  /**
   * Resolves once all jobs have ended after `finish`; rejects with the error if a bug ends a job.
   * Its thread may have held a lock, so the process must then exit at once.
   */
  readonly ended: Promise<void>;
  /** The thread of guests exists only while one runs. */
  readonly #guests = new Piscina({ minThreads: 0, maxThreads: 1, idleTimeout: 0 });
  readonly #jobs: Promise<void>[] = [];
  /** The limit of the process. To read it later would wait for threads, which may not answer. */
  readonly #addressSpaceBytes = processLimit('virtual_memory_bytes');
  readonly #pool: Piscina;
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
    // A thread that dies before it has a job.
    this.#pool.on('error', (reason) => this.#fail(causeOf(reason, this.#addressSpaceBytes)));
  }

  /** Runs a job on a thread of its own; resolves at its end. */
  run({ job }: JobRun, data: Job, transferred: readonly MessagePort[] = []): Promise<void> {
    const ended: Promise<void> = this.#pool.run(data, {
      filename: fileOf(job),
      // Piscina declares the type of another overload of postMessage than the one it calls.
      transferList: transferred as unknown as StructuredSerializeOptions,
    });
    const run = ended.catch((reason: unknown) => {
      throw causeOf(reason, this.#addressSpaceBytes);
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

  /** Ends the threads of a node that has not started: a job may wait for a thread that dies. */
  async abandon(): Promise<void> {
    await withinTime(Promise.allSettled(this.#jobs), ABANDON_MS_MAX);
    await withinTime(Promise.all([this.#guests.destroy(), this.#pool.destroy()]), ABANDON_MS_MAX);
    this.#end();
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
