import { choice, flag, integer, number } from '../../base/index.ts';
import type { CacheClient } from '../../client/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { exitCodeOf, type NodeResult } from '../cache/each-node.ts';
import type { NodePolls } from '../cache/node-polls.ts';
import { nodeStats } from '../cache/node-stats.ts';
import { INTERVAL_SECONDS_MAX, watchEnd, watchNodes, watchPace } from '../cache/watch.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { HOT_SORTS, type HotSort, hotJson, hotPage, hotText } from '../terminal/hot-page.ts';
import { LivePage } from '../terminal/live-page.ts';

const TOP_MAX = 1000;
const ADVICE = 'Only nodes of slabring sample keys, and only a user with the role admin sees them.';

/** `slabring hot` */
export const hotVerb = defineCacheVerb({
  name: 'hot',
  summary: 'show the keys that clients request most, with rates, hits and writes',
  description:
    'Shows the keys with the most requests: requests, gets and writes in a second, the share of ' +
    'all requests, the share of hits, and the size. Each node samples requests while it serves, ' +
    'and halves the weight of a request each minute, so that the rates are those of the last ' +
    'minutes; ± says how far one may be off (95 %). A login needs the role admin.\n' +
    'Exit code 0: every node replied;',
  flags: {
    top: integer({
      isCommandLineOnly: true,
      default: 20,
      min: 1,
      max: TOP_MAX,
      doc: 'How many keys to show; a node knows 100.',
    }),
    byPrefix: flag({
      isCommandLineOnly: true,
      doc: 'Show the prefixes of keys, up to the delimiter of the nodes (-D).',
    }),
    sort: choice({
      isCommandLineOnly: true,
      words: Object.keys(HOT_SORTS) as HotSort[],
      default: 'requests',
      doc: 'The order of the keys; bytes are those of the hits in a second.',
    }),
    watch: number({
      isCommandLineOnly: true,
      default: 0,
      min: 0,
      max: INTERVAL_SECONDS_MAX,
      unit: 'seconds',
      doc: 'Repeat after this time; 0 prints once.',
    }),
  },
  examples: [
    { command: 'slabring hot', effect: 'the 20 hottest keys of the local cluster' },
    { command: 'slabring hot --watch 1', effect: 'live, until q or Ctrl-C' },
    { command: 'slabring hot --sort misses --nodes a,b,c', effect: 'what is requested in vain' },
    { command: 'slabring hot --by-prefix --json', effect: 'prefixes, for a program' },
  ],
  async run(_cache, options, host, _args, { each, polls }) {
    const topic = options.byPrefix ? 'hot_prefixes' : 'hot_keys';
    const request = (node: CacheClient): Promise<Reply> => nodeStats(node, topic);
    if (options.watch > 0) return watch(polls(request), options, host);
    const results = (await each(request)).map(withAdvice);
    const page = hotPage(results, options);
    host.out(options.json ? hotJson(page, new Date()) : hotText(page, host));
    return exitCodeOf(results, host);
  },
});

type Reply = ReadonlyMap<string, string>;

interface WatchOptions {
  readonly top: number;
  readonly byPrefix: boolean;
  readonly sort: HotSort;
  readonly watch: number;
  readonly json: boolean;
  readonly deadlineMs: number;
}

async function watch(nodes: NodePolls<Reply>, options: WatchOptions, host: Host): Promise<number> {
  const { json } = options;
  const end = watchEnd(host);
  const live =
    json || host.openScreen === undefined ? undefined : new LivePage(host.openScreen, end.end);
  try {
    const pace = watchPace(options.watch, options.deadlineMs);
    for await (const round of watchNodes(nodes, pace, end.signal)) {
      const page = hotPage(round, options);
      if (live !== undefined) live.show(hotText(page, host));
      else host.out(json ? hotJson(page, new Date()) : `${hotText(page, host)}\n`);
    }
    return EXIT.ok;
  } finally {
    live?.close();
    end.dispose();
    await nodes.close();
  }
}

function withAdvice(result: NodeResult<Reply>): NodeResult<Reply> {
  const { node, failure } = result;
  if (failure?.isRefusal !== true) return result;
  return { node, failure: { ...failure, advice: ADVICE } };
}
