/** Stores items in shared memory. It depends on no protocol and no socket. */
export type { StoreShare } from './arena.ts';
export { audit } from './audit.ts';
export { chainedItemBytesMax } from './chains.ts';
export { CLASS_COUNT, type ClassCounterName, COUNT, type ThreadCounterName } from './counters.ts';
export { createStore, type StoreOptions } from './create.ts';
export { CONTROL, FLAG, type ItemId, NO_ITEM, PAGE_BYTES, SEGMENT, TOTAL } from './layout.ts';
export { lock, unlock } from './locks.ts';
export { MAINTAINER_SLEEP, Maintainer } from './maintainer.ts';
export { MOVE_RESULT } from './page-mover.ts';
export { Store } from './store.ts';
export {
  MODE,
  type Mode,
  OUTCOME,
  type Outcome,
  type PutOptions,
  type WholeValue,
} from './store-condition.ts';
export { EVICTION, type TunableName, Tunables } from './tunables.ts';
