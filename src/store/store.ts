import { type Clock, machineClock } from '../base/index.ts';
import { assemble } from './assemble.ts';
import { doorsOf, type Store } from './doors.ts';
import type { StoreShare } from './memory/arena.ts';
import { StopFlag } from './memory/stop-flag.ts';
import { MAINTAINER_SLEEP, Maintainer } from './upkeep/maintainer.ts';

/** Joins a store as thread number `thread`, from 0. Each thread has its own counters. */
export function openStore(share: StoreShare, thread: number): Store {
  return doorsOf(assemble(share, thread));
}

/**
 * Advances the store's clock and maintains the store, on thread number `thread`, until the stop
 * flag is raised.
 */
export function maintainStore(
  share: StoreShare,
  thread: number,
  clock: Clock = machineClock,
): void {
  const parts = assemble(share, thread);
  const stopFlag = new StopFlag(share);
  const maintainer = new Maintainer(parts);
  let waitMs: number = MAINTAINER_SLEEP.idleMs;
  while (!stopFlag.wait(waitMs)) {
    parts.clock.tick(Math.floor(clock.nowMs() / 1000) - parts.clock.epoch());
    waitMs = maintainer.runSlice();
  }
}
