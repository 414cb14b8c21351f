/** The numbers of `stats items` and `stats slabs` for a size class, each declared once. */
import type { ClassCounterName, StoreView, TotalName } from '../../store/index.ts';

/** What the numbers of one size class come from, at one moment. */
interface ClassSample {
  readonly view: StoreView;
  readonly id: number;
  readonly lists: ReturnType<StoreView['listsOf']>;
  readonly memory: ReturnType<StoreView['memoryOf']>;
}

/** Reads a number of a class; undefined if this node does not have it. */
type ReadClassStat = (sample: ClassSample) => number | undefined;
type Stats<Name extends string> = Readonly<Record<Name, ReadClassStat>>;

const counters = <Name extends ClassCounterName>(...names: readonly Name[]): Stats<Name> =>
  Object.fromEntries(
    names.map((name): [Name, ReadClassStat] => [
      name,
      ({ view, id }) => view.classCounter(name, id),
    ]),
  ) as Stats<Name>;

const total =
  (name: TotalName): ReadClassStat =>
  ({ view, id }) =>
    view.total(name, id);

/** `stats items`, in memcached's order. */
export const ITEM_STATS = {
  number: ({ lists }) => lists.items,
  number_hot: ({ lists }) => lists.hot,
  number_warm: ({ lists }) => lists.warm,
  number_cold: ({ lists }) => lists.cold,
  number_temp: ({ view, lists }) => (view.hasTempList() ? lists.temp : undefined),
  age_hot: ({ lists }) => lists.hotAge,
  age_warm: ({ lists }) => lists.warmAge,
  age: ({ lists }) => lists.coldAge,
  mem_requested: total('memRequested'),
  evicted: total('evicted'),
  evicted_nonzero: total('evictedNonzero'),
  evicted_time: total('evictedTime'),
  outofmemory: total('outOfMemory'),
  tailrepairs: () => 0,
  reclaimed: total('reclaimed'),
  expired_unfetched: total('expiredUnfetched'),
  evicted_unfetched: total('evictedUnfetched'),
  evicted_active: total('evictedActive'),
  crawler_reclaimed: total('crawlerReclaimed'),
  crawler_items_checked: total('crawlerItemsChecked'),
  lrutail_reflocked: total('lrutailReflocked'),
  moves_to_cold: total('movesToCold'),
  moves_to_warm: total('movesToWarm'),
  moves_within_lru: total('movesWithinLru'),
  direct_reclaims: total('directReclaims'),
  ...counters('hits_to_hot', 'hits_to_warm', 'hits_to_cold', 'hits_to_temp'),
} as const satisfies Stats<string>;

/** `stats slabs`, in memcached's order. */
export const SLAB_STATS = {
  chunk_size: ({ memory }) => memory.chunkBytes,
  chunks_per_page: ({ memory }) => memory.chunksPerPage,
  total_pages: ({ memory }) => memory.pages,
  total_chunks: ({ memory }) => memory.pages * memory.chunksPerPage,
  used_chunks: ({ memory }) => memory.pages * memory.chunksPerPage - memory.freeChunks,
  free_chunks: ({ memory }) => memory.freeChunks,
  free_chunks_end: () => 0,
  get_hits: ({ view, id }) => view.hits(id),
  ...counters('cmd_set', 'delete_hits', 'incr_hits', 'decr_hits', 'cas_hits', 'cas_badval'),
  ...counters('touch_hits'),
} as const satisfies Stats<string>;

/** What the store counts for each size class, and `stats` does not show. */
export const OWN_CLASS_STATS = {
  ghost_hits: total('ghostHits'),
  page_hits: total('pageHits'),
} as const satisfies Stats<string>;

/** The size classes that have pages, one after the other; each sample is valid until the next. */
export function* sampleClasses(view: StoreView): Generator<ClassSample> {
  for (let id = 1; id < view.classIdsEnd; id++) {
    const memory = view.memoryOf(id);
    if (memory.pages > 0) yield { view, id, lists: view.listsOf(id), memory };
  }
}
