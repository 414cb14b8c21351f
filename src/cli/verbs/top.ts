import { choice, flag } from '../../base/index.ts';
import { type Reading, SORTS, type SortKey, TopHistory, type TopView } from '../../ops/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { exitCodeOf, type NodeFailure } from '../cache/each-node.ts';
import type { NodePolls } from '../cache/node-polls.ts';
import { intervalFlag, readActivity, type WatchEnd, watchEnd, watchNodes } from '../cache/watch.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { LiveTop } from '../terminal/live-top.ts';
import { topJson, topTable } from '../terminal/top-page.ts';

const MS_PER_SECOND = 1000;

/** `slabring top` */
export const topVerb = defineCacheVerb({
  name: 'top',
  summary: 'watch what every node does, live',
  description:
    'Shows requests per second, hit ratio, p99, evictions, items, memory, connections and CPU of ' +
    'every node, and their total: on a terminal as one screen, whose keys sort (q ends it); else ' +
    'a table, or with --json a line, in each interval. It works with every Memcached node.\n' +
    'Members of a cluster of slabring also show their state, the requests that they send to the ' +
    'nodes of their keys, the age of the oldest change that a node has not acknowledged (lag), ' +
    'the bytes that wait for other nodes (backlog), and how much of their items they have sent ' +
    'to nodes that are filled (fill).\n' +
    'Exit code 0: it was ended; with --once: every node replied;',
  flags: {
    once: flag({
      isCommandLineOnly: true,
      doc: 'Print one table of one interval, and end.',
    }),
    interval: intervalFlag,
    sort: choice({
      words: Object.keys(SORTS) as SortKey[],
      default: 'node',
      doc: 'The order of the nodes: by name, or the largest number first.',
    }),
  },
  examples: [
    { command: 'slabring top', effect: 'watch the nodes of the local cluster' },
    { command: 'slabring top --once --nodes a,b,c', effect: 'one table, for a report' },
    { command: 'slabring top --json --interval 10 >> top.jsonl', effect: 'a line every 10 s' },
  ],
  async run(_cache, options, host, _args, { polls }) {
    const { once, json, interval, deadlineMs } = options;
    const top = {
      ...options,
      intervalMs: interval * MS_PER_SECOND,
      nodes: polls(readActivity),
      end: watchEnd(host),
    };
    try {
      const isLive = host.openScreen !== undefined && !json && !once;
      // A live view shows the other nodes without a wait for one that hangs.
      const waitMs = once ? deadlineMs : Math.min(top.intervalMs, deadlineMs);
      return await (isLive ? showLive : printTables)({ ...top, waitMs }, host);
    } finally {
      top.end.dispose();
      await top.nodes.close();
    }
  },
});

interface Top {
  readonly nodes: NodePolls<Reading>;
  readonly end: WatchEnd;
  readonly once: boolean;
  readonly json: boolean;
  readonly interval: number;
  readonly sort: SortKey;
  readonly intervalMs: number;
  readonly waitMs: number;
}

async function printTables(top: Top, host: Host): Promise<number> {
  const history = new TopHistory<NodeFailure>();
  let rounds = 0;
  for await (const round of watchNodes(top.nodes, top, top.end.signal)) {
    const view = history.add(round);
    rounds++;
    // Rates need two samples.
    if (rounds === 1) continue;
    const isFirst = rounds === 2;
    host.out(top.json ? topJson(view, new Date()) : textOf(view, top, isFirst, host));
    if (top.once) return exitCodeOf(round, host);
  }
  return EXIT.ok;
}

function textOf(view: TopView<NodeFailure>, { sort }: Top, isFirst: boolean, host: Host): string {
  const table = topTable(view, { sort, columns: host.columns }, host);
  return isFirst ? table : `\n${table}`;
}

async function showLive(top: Top, host: Host): Promise<number> {
  const { sort, interval, end, nodes } = top;
  const options = { sort, intervalSeconds: interval, quit: end.end };
  const live = new LiveTop(host.openScreen!, host, options);
  try {
    const history = new TopHistory<NodeFailure>();
    for await (const round of watchNodes(nodes, top, end.signal)) live.show(history.add(round));
  } finally {
    live.close();
  }
  return EXIT.ok;
}
