/** The jobs that the node's pool runs (`jobs.ts`), by the names of their exports. */
import { machineClock } from '../../base/index.ts';
import { NodeMemory } from '../memory.ts';
import type { Job, ServeJob } from './procedures.ts';
import { WorkerThread } from './worker-thread.ts';

/** Serves connections until the node stops and the last of them has closed. */
export async function serve({ share, thread, ...start }: ServeJob): Promise<void> {
  const memory = NodeMemory.open(share, thread);
  const worker = new WorkerThread(memory, thread, start);
  await memory.state.stopRequested();
  await worker.end();
}

/** Advances the node's clock and maintains its store until the node stops. */
export function maintain({ share, thread }: Job): void {
  const { store, state } = NodeMemory.open(share, thread);
  const upkeep = store.upkeep();
  let waitMs = upkeep.idleMs;
  while (!state.sleepUntilStop(waitMs)) waitMs = upkeep.runSlice(machineClock.nowMs());
}
