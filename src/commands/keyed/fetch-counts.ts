import { CLASS_COUNT, COUNT, type ItemFacts, type ThreadCounters } from '../../store/index.ts';

/** Counts a fetch that hit an item; a fetch that also touches it counts as a touch only. */
export function countHit(counters: ThreadCounters, touches: boolean, item: ItemFacts): void {
  if (touches) {
    counters.add(COUNT.touch_cmds);
    counters.addToClass(item.sizeClass, CLASS_COUNT.touch_hits);
  } else {
    counters.add(COUNT.get_cmds);
    counters.addHit(item.sizeClass, item.segment);
  }
}

/** Counts a fetch that found no item. */
export function countMiss(counters: ThreadCounters, touches: boolean): void {
  counters.add(touches ? COUNT.touch_cmds : COUNT.get_cmds);
  counters.add(touches ? COUNT.touch_misses : COUNT.get_misses);
}
