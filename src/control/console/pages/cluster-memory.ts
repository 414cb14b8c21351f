/** Where the memory of a cluster is. */
import type { ClassNumbers } from '../../metrics/reading.ts';
import { bytes, percent, whole } from '../format.ts';
import { bar, type Column, table } from '../frame.ts';
import { type Html, html } from '../html.ts';
import type { Recent } from '../recent.ts';

const PAGE_BYTES = 2 ** 20;

/** The size classes of all nodes together. */
export function classesTable({ nodes }: Recent): Html {
  const bySize = Map.groupBy(
    nodes.flatMap(({ reading }) => reading.classes),
    ({ chunkBytes }) => chunkBytes,
  );
  const rows = [...bySize]
    .sort(([a], [b]) => a - b)
    .map(([chunkBytes, classes]) => ({ ...sumOf(classes), chunkBytes }));
  return table({
    label: 'Size classes',
    columns: COLUMNS,
    rows,
    empty: 'No node holds an item, or has a sample yet.',
  });
}

type Row = Omit<ClassNumbers, 'slab'>;

function sumOf(classes: readonly ClassNumbers[]): Omit<Row, 'chunkBytes'> {
  const sum = (name: Exclude<keyof ClassNumbers, 'slab'>): number =>
    classes.reduce((total, each) => total + each[name], 0);
  return {
    ...{ items: sum('items'), pages: sum('pages'), usedChunks: sum('usedChunks') },
    ...{ freeChunks: sum('freeChunks'), itemBytes: sum('itemBytes') },
    ...{ evictions: sum('evictions'), ghostHits: sum('ghostHits'), pageHits: sum('pageHits') },
  };
}

const COLUMNS: readonly Column<Row>[] = [
  { head: 'Chunk', isName: true, isNumber: true, cell: ({ chunkBytes }) => bytes(chunkBytes) },
  { head: 'Items', isNumber: true, cell: ({ items }) => whole(items) },
  { head: 'Pages', isNumber: true, cell: ({ pages }) => bytes(pages * PAGE_BYTES) },
  {
    head: 'Used',
    cell: ({ usedChunks, freeChunks }) => {
      const share = usedChunks / Math.max(1, usedChunks + freeChunks);
      const text = percent(share);
      return html`<span class="gauge">${bar(share, text)}<span>${text}</span></span>`;
    },
  },
  {
    head: 'Rest of chunks',
    isNumber: true,
    cell: ({ usedChunks, chunkBytes, itemBytes }) =>
      bytes(Math.max(0, usedChunks * chunkBytes - itemBytes)),
  },
  { head: 'Evicted', isNumber: true, cell: ({ evictions }) => whole(evictions) },
  { head: 'Wanted again', isNumber: true, cell: ({ ghostHits }) => whole(ghostHits) },
  { head: 'One page more', isNumber: true, cell: ({ pageHits }) => whole(pageHits) },
];

const USES: Readonly<Record<string, string>> = {
  items: 'Items',
  chunk_rest: 'Rest of their chunks',
  free_chunks: 'Free chunks',
  page_rest: 'Rest of pages',
  free_pages: 'Free pages',
  index: 'Index',
  connection_buffers: 'Buffers of connections',
  heaps: 'Heaps of threads',
};

/** The memory of all nodes by what it is for. */
export function memoryView({ nodes }: Recent): Html {
  const uses = Object.entries(USES).flatMap(([use, label]) => {
    const value = nodes.reduce((sum, { reading }) => sum + (reading.memory[use] ?? 0), 0);
    return value > 0 ? [{ label, value }] : [];
  });
  const total = uses.reduce((sum, { value }) => sum + value, 0);
  return table({
    label: 'Memory by use',
    columns: [
      { head: 'Use', isName: true, cell: ({ label }) => label },
      { head: 'Bytes', isNumber: true, cell: ({ value }) => bytes(value) },
      { head: '', cell: ({ value }) => bar(value / total, percent(value / total)) },
    ] satisfies readonly Column<(typeof uses)[number]>[],
    rows: uses,
    empty: 'There is no sample yet.',
  });
}
