/** The jobs of a node's threads. The size of the pool and the numbers of threads follow from it. */
import type { ServerOptions } from './options/server-flags.ts';

/**
 * Each job: it is in the file of `threads/` with its name, because a thread loads only its own job;
 * and on how many threads it runs. All but `guest` run for as long as the node does; each guest has
 * a place of its own, so that a long one does not hold up another.
 */
const JOBS = {
  serve: ({ threads }: ServerOptions) => threads,
  maintain: () => 1,
  guest: () => GUEST_PLACES.length,
};
/** What guests do: files of items, and the cluster's copies. */
export const GUEST_PLACES = ['snapshots', 'copies'] as const;
export type GuestPlace = (typeof GUEST_PLACES)[number];

type JobName = keyof typeof JOBS;

/** One thread of the pool. */
export interface JobRun {
  readonly job: JobName;
  /** The number of the thread, and of its block of counters in the store. */
  readonly thread: number;
}

/** The runs of all jobs; the threads of `serve` have the first numbers. */
export function planRuns(options: ServerOptions): readonly JobRun[] {
  const jobs = Object.entries(JOBS).flatMap(([job, countOf]) =>
    Array.from({ length: countOf(options) }, () => job as JobName),
  );
  return jobs.map((job, thread) => ({ job, thread }));
}

/** A name for each thread that uses the store, by its number: `serve-0`, `maintain-0`, `main`. */
export function threadNames(options: ServerOptions): readonly string[] {
  const names = Object.entries(JOBS).flatMap(([job, countOf]) =>
    Array.from({ length: countOf(options) }, (_, nth) => `${job}-${nth}`),
  );
  return [...names, 'main'];
}

/** The number of the main thread, which is not in the pool. */
export function mainThread(options: ServerOptions): number {
  return planRuns(options).length;
}

/** How many threads use the store: those of the pool, and the main thread. */
export function threadCount(options: ServerOptions): number {
  return mainThread(options) + 1;
}
