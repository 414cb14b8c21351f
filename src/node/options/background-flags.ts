import { flag, integer } from '../../base/index.ts';

/** The options of the node's background work: the LRU crawler and maintainer, and page moves. */
export const backgroundFlags = {
  noModern: flag({
    suboption: 'no_modern',
    doc:
      "memcached 1.4's defaults: no page moves, no LRU crawler, no LRU maintainer, and chunks of " +
      'up to 1m.',
  }),
  noChunkedItems: flag({
    suboption: 'no_chunked_items',
    doc: 'Chunks of up to 1m, unless --slab-chunk-max says otherwise or -I is above 1m.',
  }),
  lruCrawler: flag({
    suboption: 'lru_crawler',
    doc: 'Enable the LRU crawler in spite of no_modern; otherwise it is enabled anyway.',
  }),
  noLruCrawler: flag({
    suboption: 'no_lru_crawler',
    doc:
      'Disable the LRU crawler: the node frees an expired item only when a request or an ' +
      'eviction finds it.',
  }),
  lruCrawlerSleep: integer({
    suboption: 'lru_crawler_sleep',
    default: 100,
    min: 0,
    max: 1_000_000,
    doc:
      'Only shown by stats settings (microseconds); the crawler limits itself to its share of a ' +
      'core.',
  }),
  lruCrawlerTocrawl: integer({
    suboption: 'lru_crawler_tocrawl',
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
    doc: 'Only shown by stats settings; a pass of the crawler always checks all items.',
  }),
  lruMaintainer: flag({
    suboption: 'lru_maintainer',
    doc: 'Enable the LRU maintainer in spite of no_modern; otherwise it is enabled anyway.',
  }),
  noLruMaintainer: flag({
    suboption: 'no_lru_maintainer',
    doc:
      'Disable the background moves between the lists of --eviction segmented, and refuse lru ' +
      'mode and temp_ttl.',
  }),
  slabReassign: flag({
    suboption: 'slab_reassign',
    doc: 'Enable page moves in spite of no_modern; otherwise they are enabled anyway.',
  }),
  noSlabReassign: flag({
    suboption: 'no_slab_reassign',
    doc: 'Disable all page moves: each page stays in its size class.',
  }),
  slabAutomove: integer({
    suboption: 'slab_automove',
    bareSuboption: '1',
    default: 1,
    min: 0,
    max: 2,
    doc: 'Move pages to the size classes where they avoid the most misses: 0 no, 1 and 2 yes.',
  }),
  noSlabAutomove: flag({
    suboption: 'no_slab_automove',
    doc: 'Disable automatic page moves; slabs reassign still moves pages.',
  }),
};
