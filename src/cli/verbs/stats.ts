import { flag, number } from '../../base/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { exitCodeOf } from '../cache/each-node.ts';
import { nodeStats } from '../cache/node-stats.ts';
import { INTERVAL_SECONDS_MAX, readStats } from '../cache/watch.ts';
import { statsJson, statsSummary, statsTable } from '../terminal/stats-page.ts';
import { watchStats } from './stats-watch.ts';

/** `slabring stats` */
export const statsVerb = defineCacheVerb({
  name: 'stats',
  summary: 'print the statistics of every node, and their total',
  description:
    'Prints the statistics of every node: a summary with the total, or everything that the nodes ' +
    'send about a topic, such as settings, items, slabs, sizes or conns.\n' +
    'Exit code 0: every node replied;',
  parameters: ['[topic]'],
  flags: {
    all: flag({ doc: 'Print all general statistics as the nodes send them.' }),
    watch: number({
      default: 0,
      min: 0,
      max: INTERVAL_SECONDS_MAX,
      unit: 'seconds',
      doc: 'Repeat after this time, and show what changes in each second; 0 prints once.',
    }),
  },
  examples: [
    { command: 'slabring stats', effect: 'a row for each node of the local cluster' },
    { command: 'slabring stats --all', effect: 'all statistics, side by side' },
    { command: 'slabring stats --all --watch 1', effect: 'what changes, each second' },
    { command: 'slabring stats items --nodes a,b,c --json', effect: 'print JSON, by node' },
  ],
  async run(_cache, options, host, [topic], { each, polls }) {
    const { all, json, watch } = options;
    if (watch > 0) {
      const nodes = polls((node) => readStats(node, topic));
      return watchStats(nodes, { ...options, all: all || topic !== undefined }, host);
    }
    const results = await each((node) => nodeStats(node, topic));
    const page = all || topic !== undefined ? statsTable : statsSummary;
    host.out(json ? statsJson(results) : page(results, host));
    return exitCodeOf(results, host);
  },
});
