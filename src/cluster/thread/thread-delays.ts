import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

const NANOSECONDS_PER_MS = 1e6;

/** The number of the calling thread in the operating system; 0 if that does not tell it. */
export function systemThread(): number {
  try {
    return Number(basename(readlinkSync('/proc/thread-self'))) || 0;
  } catch {
    return 0;
  }
}

/** What the kernel counts for a thread: how long it waited for a core, and how often it got one. */
interface Waits {
  readonly waitedMs: number;
  readonly runs: number;
}

/** How long threads of this process wait for a core after they wake, as the kernel counts it. */
export class ThreadDelays {
  readonly #threads: readonly number[];
  #before: readonly (Waits | undefined)[];
  readonly #read: (thread: number) => Waits | undefined;

  constructor(threads: readonly number[], read = readWaits) {
    this.#threads = threads;
    this.#read = read;
    this.#before = threads.map(read);
  }

  /**
   * The mean wait since the last call, of the thread that waits the longest; undefined if the
   * system does not tell it (it is not Linux, or has no /proc).
   */
  meanMs(): number | undefined {
    const now = this.#threads.map(this.#read);
    const means = now.map((waits, nth) => meanOf(this.#before[nth], waits));
    this.#before = now;
    const known = means.filter((mean) => mean !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }
}

function meanOf(before: Waits | undefined, now: Waits | undefined): number | undefined {
  if (before === undefined || now === undefined) return undefined;
  const runs = now.runs - before.runs;
  return runs <= 0 ? 0 : (now.waitedMs - before.waitedMs) / runs;
}

function readWaits(thread: number): Waits | undefined {
  try {
    const text = readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1');
    const [, waited = Number.NaN, runs = Number.NaN] = text.split(' ').map(Number);
    const waits = { waitedMs: waited / NANOSECONDS_PER_MS, runs };
    return Number.isFinite(waited) && Number.isFinite(runs) ? waits : undefined;
  } catch {
    return undefined;
  }
}
