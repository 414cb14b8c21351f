import { defineCacheVerb } from './cache-verb.ts';
import { columns } from './columns.ts';
import { EXIT } from './exit-codes.ts';

/** `slabring stats` */
export const statsVerb = defineCacheVerb({
  name: 'stats',
  summary: 'print the statistics of every node, side by side',
  about:
    'Prints the statistics of every node, side by side: all general ones, or those of a topic,\n' +
    'such as settings, items, slabs, sizes or conns.\n' +
    'Exit code 0: every node answered;',
  words: ['[topic]'],
  flags: {},
  examples: [
    { command: 'slabring stats', does: 'of the node on this machine' },
    { command: 'slabring stats items --nodes a,b,c --json', does: 'as JSON, by node' },
  ],
  async run(cache, { json }, host, [topic]) {
    const stats = await cache.stats(topic);
    host.out(json ? asJson(stats) : asTable(stats));
    return EXIT.ok;
  },
});

type Stats = ReadonlyMap<string, ReadonlyMap<string, string>>;

function asJson(stats: Stats): string {
  const pairs = [...stats].map(([node, values]) => [node, Object.fromEntries(values)]);
  return JSON.stringify(Object.fromEntries(pairs));
}

function asTable(stats: Stats): string {
  const names = new Set([...stats.values()].flatMap((values) => [...values.keys()]));
  const rows = [...names].map((name) => {
    return [name, ...[...stats.values()].map((values) => values.get(name) ?? '–')];
  });
  return columns([['', ...stats.keys()], ...rows]);
}
