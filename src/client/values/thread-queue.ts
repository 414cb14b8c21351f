/** Jobs that run at a time, each in another thread; Node.js has four threads by default. */
const JOBS_MAX = 4;

/** Work for another thread. */
interface ThreadJob {
  /** The bytes that the job keeps in memory. */
  readonly bytes: number;
  /** Nobody waits for the result any more: a job that is over does not start. */
  readonly isOver: boolean;
  /** Settles the result itself, and never rejects. */
  readonly run: () => Promise<void>;
}

/** Runs a few jobs at a time, in the order in which they came; the others wait. */
export class ThreadQueue {
  readonly #waiting: ThreadJob[] = [];
  #running = 0;
  #bytes = 0;

  /** The bytes of all jobs that wait or run. */
  get bytes(): number {
    return this.#bytes;
  }

  add(job: ThreadJob): void {
    this.#bytes += job.bytes;
    this.#waiting.push(job);
    this.#startJobs();
  }

  #startJobs(): void {
    while (this.#running < JOBS_MAX && this.#waiting.length > 0) {
      const job = this.#waiting.shift()!;
      if (job.isOver) this.#bytes -= job.bytes;
      else this.#start(job);
    }
  }

  #start(job: ThreadJob): void {
    this.#running++;
    void job.run().finally(() => {
      this.#running--;
      this.#bytes -= job.bytes;
      this.#startJobs();
    });
  }
}
