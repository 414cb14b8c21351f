import { defineCacheVerb } from '../cache-verb.ts';
import { EXIT } from '../process/exit-codes.ts';
import { columns } from '../terminal/columns.ts';

/** `slabring stats` */
export const statsVerb = defineCacheVerb({
  name: 'stats',
  summary: 'print the statistics of every node, side by side',
  description:
    'Prints the statistics of every node, side by side: the general ones, or those of a topic, ' +
    'such as settings, items, slabs, sizes or conns.\n' +
    'Exit code 0: every node replied;',
  parameters: ['[topic]'],
  flags: {},
  examples: [
    { command: 'slabring stats', effect: 'the local node' },
    { command: 'slabring stats items --nodes a,b,c --json', effect: 'print JSON, by node' },
  ],
  async run(cache, { json }, host, [topic]) {
    const stats = await cache.stats(topic);
    host.out(json ? statsJson(stats) : statsTable(stats));
    return EXIT.ok;
  },
});

type Stats = ReadonlyMap<string, ReadonlyMap<string, string>>;

function statsJson(stats: Stats): string {
  const pairs = [...stats].map(([node, values]) => [node, Object.fromEntries(values)]);
  return JSON.stringify(Object.fromEntries(pairs));
}

function statsTable(stats: Stats): string {
  const names = new Set([...stats.values()].flatMap((values) => [...values.keys()]));
  const rows = [...names].map((name) => {
    return [name, ...[...stats.values()].map((values) => values.get(name) ?? '–')];
  });
  return columns([['', ...stats.keys()], ...rows]);
}
