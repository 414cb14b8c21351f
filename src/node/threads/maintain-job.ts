import { machineClock } from '../../base/index.ts';
import { NodeMemory } from '../memory.ts';
import type { Job } from './procedures.ts';

/** The job `maintain`: advances the node's clock and maintains its store until the node stops. */
export default function maintain({ share, thread }: Job): void {
  const { store, state } = NodeMemory.open(share, thread);
  const upkeep = store.upkeep();
  let waitMs = upkeep.idleMs;
  while (!state.sleepUntilStop(waitMs)) waitMs = upkeep.runSlice(machineClock.nowMs());
}
