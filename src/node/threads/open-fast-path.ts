import { FastPath } from '../../fast-path/index.ts';
import { regionByte } from '../../store/index.ts';
import type { NodeShare } from '../memory.ts';

/** The fast path of a thread, in its region of the memory; undefined: the node has none. */
export function openFastPath(
  { store, fastPath: module }: NodeShare,
  thread: number,
): FastPath | undefined {
  return module && new FastPath(store, module, thread, regionByte(store.layout, thread));
}
