/** Stores items in shared memory. It depends on no protocol and no socket. */

export { chainedItemBytesMax } from './items/chains.ts';
export {
  MODE,
  type Mode,
  OUTCOME,
  type Outcome,
  type PutOptions,
  type WholeValue,
} from './items/store-condition.ts';
export type { StoreShare } from './memory/arena.ts';
export {
  CLASS_COUNT,
  type ClassCounterName,
  COUNT,
  type ThreadCounterName,
} from './memory/counters.ts';
export { createStore, type StoreOptions } from './memory/create.ts';
export {
  FLAG,
  type ItemId,
  NO_ITEM,
  PAGE_BYTES,
  SEGMENT,
  TOTAL,
} from './memory/layout.ts';
export { EVICTION, type TunableName } from './memory/tunables.ts';
export { Store } from './store.ts';
export { MAINTAINER_SLEEP, Maintainer } from './upkeep/maintainer.ts';
export { MOVE_RESULT } from './upkeep/page-mover.ts';
