import { integer, number } from '../../base/index.ts';

/** The options of the LRU lists of a size class. */
export const lruFlags = {
  hotLruPct: integer({
    suboption: 'hot_lru_pct',
    default: 20,
    min: 0,
    max: 80,
    doc: 'With --eviction segmented: maximum size of HOT, in percent of its size class.',
  }),
  warmLruPct: integer({
    suboption: 'warm_lru_pct',
    default: 40,
    min: 0,
    max: 80,
    doc: 'With --eviction segmented: maximum size of WARM, in percent of its size class.',
  }),
  hotMaxFactor: number({
    suboption: 'hot_max_factor',
    default: 0.2,
    min: 0.001,
    max: 1000,
    doc:
      "With --eviction segmented: an item leaves HOT's tail once its idle time exceeds this " +
      "times that of COLD's tail.",
  }),
  warmMaxFactor: number({
    suboption: 'warm_max_factor',
    default: 2,
    min: 0.001,
    max: 1000,
    doc:
      "With --eviction segmented: an item leaves WARM's tail once its idle time exceeds this " +
      "times that of COLD's tail.",
  }),
  temporaryTtl: integer({
    suboption: 'temporary_ttl',
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
    doc:
      'Items with a ttl of at most this many seconds enter the TEMP list, which the node evicts ' +
      'last; 0 disables TEMP.',
  }),
};
