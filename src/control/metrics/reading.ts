/** What a node tells at one moment, from `/stats.json` of its admin port; pure. */
import { MEASURE_NAMES, MEASURES, type Measure } from './measures.ts';

/** The observations of a histogram, by inclusive upper bounds. */
interface Distribution {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

interface Point {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | Distribution;
}

/** One size class, as the node has it now. */
export interface ClassNumbers {
  readonly slab: string;
  readonly chunkBytes: number;
  readonly items: number;
  readonly pages: number;
  readonly usedChunks: number;
  readonly freeChunks: number;
  /** Bytes of the items, without the rest of their chunks. */
  readonly itemBytes: number;
  readonly evictions: number;
  readonly ghostHits: number;
  readonly pageHits: number;
}

export interface NodeReading {
  readonly atMs: number;
  /** Another value: another process, whose counters began at 0. */
  readonly startedSeconds: number;
  /** Of each measure; a counter as it is. NaN: the node has no such number. */
  readonly numbers: readonly (number | Distribution)[];
  readonly classes: readonly ClassNumbers[];
  /** Bytes by use, as `slabring_memory_bytes` has them. */
  readonly memory: Readonly<Record<string, number>>;
}

/** Undefined: the text is not what a node sends. */
export function readStats(text: string, atMs: number): NodeReading | undefined {
  const points = pointsIn(text);
  if (points === undefined) return undefined;
  const started = points.get('process_start_time_seconds')?.[0]?.value;
  return {
    atMs,
    startedSeconds: Math.round(typeof started === 'number' ? started : 0),
    numbers: MEASURE_NAMES.map((name) => numberOf(MEASURES[name], points)),
    classes: classesIn(points),
    memory: Object.fromEntries(
      (points.get('slabring_memory_bytes') ?? []).flatMap(({ labels, value }) =>
        typeof value === 'number' ? [[labels['use'] ?? '', value] as const] : [],
      ),
    ),
  };
}

type Points = ReadonlyMap<string, readonly Point[]>;

function pointsIn(text: string): Points | undefined {
  try {
    const { metrics } = JSON.parse(text) as {
      readonly metrics?: readonly { readonly name: string; readonly points: readonly Point[] }[];
    };
    return metrics && new Map(metrics.map(({ name, points }) => [name, points]));
  } catch {
    return undefined;
  }
}

function numberOf({ metric, labels, kind }: Measure, points: Points): number | Distribution {
  const wanted = Object.entries(labels);
  const matching = (points.get(metric) ?? []).filter((point) =>
    wanted.every(([name, value]) => point.labels[name] === value),
  );
  if (kind === 'quantile') return merged(matching);
  if (matching.length === 0) return Number.NaN;
  return matching.reduce((sum, { value }) => sum + (typeof value === 'number' ? value : 0), 0);
}

/** Histograms of one metric have the same bounds. */
function merged(points: readonly Point[]): Distribution {
  const all = points.flatMap(({ value }) => (typeof value === 'number' ? [] : [value]));
  const [first] = all;
  if (first === undefined) return { bounds: [], counts: [] };
  const counts = first.counts.map((_, at) =>
    all.reduce((sum, each) => sum + (each.counts[at] ?? 0), 0),
  );
  return { bounds: first.bounds, counts };
}

const CLASS_METRICS = {
  chunkBytes: 'memcached_slab_chunk_size_bytes',
  items: 'memcached_slab_current_items',
  pages: 'memcached_slab_current_pages',
  usedChunks: 'memcached_slab_chunks_used',
  freeChunks: 'memcached_slab_chunks_free',
  itemBytes: 'memcached_slab_mem_requested_bytes',
  evictions: 'memcached_slab_items_evicted_total',
  ghostHits: 'slabring_slab_ghost_hits_total',
  pageHits: 'slabring_slab_page_hits_total',
} as const;

function classesIn(points: Points): readonly ClassNumbers[] {
  const slabs = (points.get(CLASS_METRICS.chunkBytes) ?? []).map(({ labels }) => labels['slab']!);
  const bySlab = new Map(slabs.map((slab) => [slab, {} as Record<string, number>]));
  for (const [name, metric] of Object.entries(CLASS_METRICS)) {
    for (const { labels, value } of points.get(metric) ?? []) {
      const row = bySlab.get(labels['slab'] ?? '');
      if (row !== undefined && typeof value === 'number') row[name] = value;
    }
  }
  return [...bySlab].map(([slab, row]) => {
    const number = (name: keyof typeof CLASS_METRICS): number => row[name] ?? 0;
    return {
      slab,
      chunkBytes: number('chunkBytes'),
      items: number('items'),
      pages: number('pages'),
      usedChunks: number('usedChunks'),
      freeChunks: number('freeChunks'),
      itemBytes: number('itemBytes'),
      evictions: number('evictions'),
      ghostHits: number('ghostHits'),
      pageHits: number('pageHits'),
    };
  });
}

/** A value of each measure; NaN where there is none. */
export type Sample = Float32Array;

/**
 * What has happened between two readings of a node. Counters of another process began at 0, as do
 * those that are smaller than before.
 */
export function sampleOf(before: NodeReading | undefined, after: NodeReading): Sample {
  const isSame = before?.startedSeconds === after.startedSeconds;
  const seconds = before === undefined ? 0 : (after.atMs - before.atMs) / 1000;
  return Float32Array.from(MEASURE_NAMES, (name, at) => {
    const { kind, quantile } = MEASURES[name];
    const now = after.numbers[at]!;
    const was = isSame ? before!.numbers[at] : undefined;
    if (typeof now !== 'number') return quantileOf(now, was, quantile);
    if (kind === 'gauge') return now;
    if (seconds <= 0) return Number.NaN;
    return grown(typeof was === 'number' ? was : 0, now) / seconds;
  });
}

const grown = (was: number, now: number): number => (now < was ? now : now - was);

/** The upper bound of the bucket with the quantile, of the observations since `was`. */
function quantileOf(
  { bounds, counts }: Distribution,
  was: number | Distribution | undefined,
  quantile: number,
): number {
  const old = typeof was === 'object' ? was.counts : [];
  const fresh = counts.map((count, at) => grown(old[at] ?? 0, count));
  const total = fresh.reduce((sum, count) => sum + count, 0);
  if (total === 0) return Number.NaN;
  let seen = 0;
  for (const [at, count] of fresh.entries()) {
    seen += count;
    if (seen >= quantile * total) return bounds[Math.min(at, bounds.length - 1)]!;
  }
  return bounds.at(-1)!;
}
