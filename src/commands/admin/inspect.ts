import type { ReplyWriter, Request } from '../../protocol/index.ts';
import type { StoreView } from '../../store/index.ts';
import { ITEM_STATS, SLAB_STATS, sampleClasses } from './class-stats.ts';
import { GENERAL_STATS, sampleNode } from './general-stats.ts';
import type { NodeControl } from './node-control.ts';

/** Writes one row of statistics. */
export type WriteStat = (name: string, value: string | number) => void;

const GENERAL_ROWS = Object.entries(GENERAL_STATS);
const ITEM_ROWS = Object.entries(ITEM_STATS);
const SLAB_ROWS = Object.entries(SLAB_STATS);

/** Writes `stats`: rows of the node, the commands and the items, in memcached's order. */
export function writeGeneralStats(view: StoreView, node: NodeControl, put: WriteStat): void {
  const sample = sampleNode(view, node);
  for (const [name, read] of GENERAL_ROWS) {
    const value = read(sample);
    if (value !== undefined) put(name, value);
  }
}

/** Writes `stats items`: the size classes that hold items. */
export function writeItemStats(view: StoreView, put: WriteStat): void {
  for (const sample of sampleClasses(view)) {
    if (sample.lists.items === 0) continue;
    for (const [name, read] of ITEM_ROWS) {
      const value = read(sample);
      if (value !== undefined) put(`items:${sample.id}:${name}`, value);
    }
  }
}

/** Writes `stats slabs`: the size classes that have pages. */
export function writeSlabStats(view: StoreView, put: WriteStat): void {
  let active = 0;
  for (const sample of sampleClasses(view)) {
    active++;
    for (const [name, read] of SLAB_ROWS) {
      const value = read(sample);
      if (value !== undefined) put(`${sample.id}:${name}`, value);
    }
  }
  put('active_slabs', active);
  put('total_malloced', view.usedBytes());
}

/** Writes rows of statistics in the dialect of the request. */
export function statWriter(request: Request, reply: ReplyWriter): WriteStat {
  return (name, value) => reply.stat(request, name, String(value));
}
