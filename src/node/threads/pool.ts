import type { MessagePort, StructuredSerializeOptions } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { addressSpaceError } from '../address-space.ts';
import type { GuestPlace, JobRun } from '../jobs.ts';
import { processLimit } from '../process-limits.ts';
import { withinTime } from '../within-time.ts';
import type { GuestJob, GuestResult, Job } from './procedures.ts';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

function fileOf(job: JobRun['job']): string {
  return new URL(`./${job}-job.${EXTENSION}`, import.meta.url).href;
}

/** How long a thread without a guest waits for the next one: a change copies several times. */
const GUEST_IDLE_MS = { snapshots: 0, copies: 2000 };
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
  /** The thread of a place exists only while a guest runs there, and for GUEST_IDLE_MS. */
  readonly #guests = new Map<GuestPlace, Piscina>();
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

  /** Runs the work of a guest; those of a place run one after the other. */
  async runGuest(data: GuestJob, place: GuestPlace): Promise<GuestResult> {
    const idleTimeout = GUEST_IDLE_MS[place];
    const threads =
      this.#guests.get(place) ?? new Piscina({ minThreads: 0, maxThreads: 1, idleTimeout });
    this.#guests.set(place, threads);
    const run: Promise<GuestResult> = threads.run(data, { filename: fileOf('guest') });
    const ended = run.then(() => {});
    ended.catch(() => {});
    this.#jobs.push(ended);
    run.catch((reason: unknown) => this.#fail(reason));
    return run;
  }

  /** Ends the threads of a node that has not started: a job may wait for a thread that dies. */
  async abandon(): Promise<void> {
    await withinTime(Promise.allSettled(this.#jobs), ABANDON_MS_MAX);
    const all = [...this.#guests.values(), this.#pool].map((threads) => threads.destroy());
    await withinTime(Promise.all(all), ABANDON_MS_MAX);
    this.#end();
  }

  /** Waits until all jobs have ended, then for `last`, and ends the threads. */
  async finish(last: () => Promise<void>): Promise<void> {
    await Promise.allSettled(this.#jobs);
    await last();
    await Promise.all([...this.#guests.values()].map((threads) => threads.destroy()));
    await this.#pool.destroy();
    this.#end();
  }
}
