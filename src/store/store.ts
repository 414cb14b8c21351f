import { type Clock, machineClock } from '../base/index.ts';
import { assemble, type StoreParts } from './assemble.ts';
import { ItemStore } from './item-store.ts';
import { ItemWalk } from './item-walk.ts';
import type { StoreTime } from './items/store-clock.ts';
import type { StoreShare } from './memory/arena.ts';
import type { ThreadCounters } from './memory/counters.ts';
import { StopFlag } from './memory/stop-flag.ts';
import { StoreTuning } from './store-tuning.ts';
import { StoreView } from './store-view.ts';
import { MAINTAINER_SLEEP, Maintainer } from './upkeep/maintainer.ts';

/** A store as one thread sees it: its doors. */
export interface Store {
  /** Reads and changes items. */
  readonly items: ItemStore;
  /** Changes the limits and the settings of the store. */
  readonly tuning: StoreTuning;
  /** Samples for statistics. */
  readonly view: StoreView;
  readonly clock: StoreTime;
  /** The counters of this thread. */
  readonly counters: ThreadCounters;
  /** Begins a walk over all live items. */
  walk(): ItemWalk;
}

/** Joins a store as thread number `thread`, from 0. Each thread has its own counters. */
export function openStore(share: StoreShare, thread: number): Store {
  return doorsOf(assemble(share, thread));
}

/** The doors of a store whose parts exist. */
export function doorsOf(parts: StoreParts): Store {
  return {
    items: new ItemStore(parts),
    tuning: new StoreTuning(parts),
    view: new StoreView(parts),
    clock: parts.clock,
    counters: parts.counters,
    walk: () => new ItemWalk(parts),
  };
}

/** Advances the store's clock and maintains the store, on this thread, until the stop flag is raised. */
export function maintainStore(share: StoreShare, clock: Clock = machineClock): void {
  const parts = assemble(share, share.layout.threads - 1);
  const stopFlag = new StopFlag(share);
  const maintainer = new Maintainer(parts);
  let waitMs: number = MAINTAINER_SLEEP.idleMs;
  while (!stopFlag.wait(waitMs)) {
    parts.clock.tick(Math.floor(clock.nowMs() / 1000) - parts.clock.epoch());
    waitMs = maintainer.runSlice();
  }
}
