import { flag } from '../../base/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { exitCodeOf } from '../cache/each-node.ts';
import { type NodeStats, statsJson, statsSummary, statsTable } from '../terminal/stats-page.ts';

/** `slabring stats` */
export const statsVerb = defineCacheVerb({
  name: 'stats',
  summary: 'print the statistics of every node, and their total',
  description:
    'Prints the statistics of every node: a summary with the total, or everything that the nodes ' +
    'send about a topic, such as settings, items, slabs, sizes or conns.\n' +
    'Exit code 0: every node replied;',
  parameters: ['[topic]'],
  flags: { all: flag({ doc: 'Print all general statistics as the nodes send them.' }) },
  examples: [
    { command: 'slabring stats', effect: 'a row for each node of the local cluster' },
    { command: 'slabring stats --all', effect: 'all statistics, side by side' },
    { command: 'slabring stats items --nodes a,b,c --json', effect: 'print JSON, by node' },
  ],
  async run(_cache, { all, json }, host, [topic], { each }) {
    const results = await each(async (node): Promise<NodeStats> => {
      const [stats] = (await node.stats(topic)).values();
      return stats ?? new Map();
    });
    const page = all || topic !== undefined ? statsTable : statsSummary;
    host.out(json ? statsJson(results) : page(results, host));
    return exitCodeOf(results, host);
  },
});
