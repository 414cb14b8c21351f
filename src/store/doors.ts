import type { StoreParts } from './assemble.ts';
import { ClassWalk } from './class-walk.ts';
import { ItemCopies } from './copies/item-copies.ts';
import { ItemRestore } from './item-restore.ts';
import { ItemStore } from './item-store.ts';
import { ItemWalk } from './item-walk.ts';
import type { StoreTime } from './items/store-clock.ts';
import { KeyWalk } from './key-walk.ts';
import type { ThreadCounters } from './memory/counters.ts';
import { StoreTuning } from './store-tuning.ts';
import { StoreUpkeep } from './store-upkeep.ts';
import { StoreView } from './store-view.ts';

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
  /** Begins a walk over the live items of one size class. */
  walkClass(sizeClass: number): ClassWalk;
  /** Begins to restore items; `replaces` tells whether they replace those that the store has. */
  restore(replaces: boolean): ItemRestore;
  /** Begins a walk over the keys of all live items, which may drop and mark them. */
  walkKeys(): KeyWalk;
  /** Reads and takes states of keys, in a cluster. */
  copies(): ItemCopies;
  /** The background work of the store, for the one thread that runs it. */
  upkeep(): StoreUpkeep;
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
    walkClass: (sizeClass) => new ClassWalk(parts, sizeClass),
    restore: (replaces) => new ItemRestore(parts, replaces),
    walkKeys: () => new KeyWalk(parts),
    copies: () => new ItemCopies(parts),
    upkeep: () => new StoreUpkeep(parts),
  };
}
