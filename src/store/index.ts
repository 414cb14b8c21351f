/** Stores items in shared memory. It depends on no protocol and no socket. */
export type { ClassWalk } from './class-walk.ts';
export type { ItemCopies, Taken } from './copies/item-copies.ts';
export { type ItemState, newItemState } from './copies/item-state.ts';
export type { BegunSlots } from './copies/open-changes.ts';
export type { Store } from './doors.ts';
export type { EvictionEvent, EvictionListener } from './eviction/eviction-events.ts';
export { newItemPast } from './item-past.ts';
export { type ItemRestore, RESTORED, type Restored } from './item-restore.ts';
export type { ItemStore } from './item-store.ts';
export type { ItemWalk } from './item-walk.ts';
export { chainedItemBytesMax } from './items/chains.ts';
export type { ItemFacts } from './items/item-facts.ts';
export { LOOK_AHEAD_KEYS_MAX, type LookAhead } from './items/look-ahead.ts';
export type { MissReason } from './items/lookup.ts';
export { isChainedPlacement, type Placement, TOO_LARGE } from './items/new-item.ts';
export type { StoreTime } from './items/store-clock.ts';
export {
  MODE,
  type Mode,
  OUTCOME,
  type Outcome,
  type PutOptions,
  type StoreResult,
  type WholeItem,
} from './items/store-condition.ts';
export { KEY_VERDICT, type KeyVerdict, type KeyVisitor, type KeyWalk } from './key-walk.ts';
export type { StoreShare } from './memory/arena.ts';
export { STORE_CONSTANTS } from './memory/constants.ts';
export {
  CLASS_COUNT,
  type ClassCounterName,
  COUNT,
  type ThreadCounterName,
  type ThreadCounters,
} from './memory/counters.ts';
export { createStore } from './memory/create.ts';
export { fastSetup } from './memory/fast-setup.ts';
export { type ItemId, NO_ITEM, PAGE_BYTES } from './memory/item-layout.ts';
export { regionByte } from './memory/layout.ts';
export type { WasmMemoryKind } from './memory/memory-plan.ts';
export { EVICTION, type TunableName } from './memory/tunables.ts';
export { openStore } from './store.ts';
export type { StoreTuning } from './store-tuning.ts';
export type { StoreView, TotalName } from './store-view.ts';
export { MOVE_RESULT } from './upkeep/page-mover.ts';
