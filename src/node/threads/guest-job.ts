import { CodedError } from '../../base/index.ts';
import type { FastWalk } from '../../fast-path/index.ts';
import type { Store } from '../../store/index.ts';
import { NodeMemory } from '../memory.ts';
import { openFastPath } from './open-fast-path.ts';
import { lowerPriority } from './priority.ts';
import type { GuestJob, GuestResult } from './procedures.ts';

/** What work from outside of this room gets of the node, on a thread of its own. */
export interface Guest {
  readonly store: Store;
  /** Walks over the store in WebAssembly; undefined: the node has none. */
  fastWalk(): FastWalk | undefined;
  /** Whether the node has the order to stop; the work should then end soon. */
  isStopping(): boolean;
  /** Blocks the thread for this time; returns true at once when the node has to stop. */
  sleep(ms: number): boolean;
  /** Lets the kernel prefer the threads that serve clients to this one. */
  lowerPriority(): void;
}

/** The default export of a module with such work. */
export type GuestWork<Argument, Result> = (
  guest: Guest,
  argument: Argument,
) => Result | Promise<Result>;

/**
 * The job `guest`: runs work of another room. A CodedError is its result: no bug, so the node goes
 * on. Any other error ends the node, because the work may have held a lock.
 */
export default async function runGuest(job: GuestJob): Promise<GuestResult> {
  const { store, state } = NodeMemory.open(job.share, job.thread);
  const { default: work } = (await import(job.module)) as {
    readonly default: GuestWork<unknown, unknown>;
  };
  const guest: Guest = {
    store,
    fastWalk: () => openFastPath(job.share, job.thread)?.walk,
    isStopping: () => state.name === 'draining',
    sleep: (ms) => state.sleepUntilStop(ms),
    lowerPriority,
  };
  try {
    return { kind: 'done', value: await work(guest, job.argument) };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { kind: 'failed', code: error.code, message: error.message };
  }
}
