import { assemble } from './assemble.ts';
import { doorsOf, type Store } from './doors.ts';
import type { StoreShare } from './memory/arena.ts';

/** Joins a store as thread number `thread`, from 0. Each thread has its own counters. */
export function openStore(share: StoreShare, thread: number): Store {
  return doorsOf(assemble(share, thread));
}
