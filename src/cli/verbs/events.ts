import { flag } from '../../base/index.ts';
import type { CacheClient } from '../../client/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { eventKey, eventsIn, mergedEvents, type ShownEvent } from '../cache/cluster-events.ts';
import { exitCodeOf, failureLines, type NodeResult, repliesOf } from '../cache/each-node.ts';
import type { NodePolls } from '../cache/node-polls.ts';
import { nodeStats } from '../cache/node-stats.ts';
import { watchEnd, watchNodes, watchPace } from '../cache/watch.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { eventJson, eventText } from '../terminal/events-page.ts';

/** Members show their events as of a second ago. */
const INTERVAL_SECONDS = 1;
/** More than all members of a cluster show. */
const SHOWN_MAX = 10_000;
const ADVICE = 'A node in no cluster of slabring has no events.';

/** `slabring events` */
export const eventsVerb = defineCacheVerb({
  name: 'events',
  summary: 'show and follow what happens to a cluster: joins, deaths, takeovers, moves',
  description:
    'Shows the last events that the members of a cluster have seen, each once, with its time, ' +
    'topology and who decided it: join, leave, left, death, return, takeover (the next holder ' +
    'answers), fill-began, fill-ended, fill-given-up, leave-given-up, peer-lags, peer-in-sync, ' +
    'membership-lost and membership-back (etcd), started. Each member keeps its last 32; they ' +
    'are also in `stats cluster`.\n' +
    'Exit code 0: all nodes replied, or Ctrl-C;',
  flags: {
    follow: flag({ short: 'f', doc: 'Go on with the events that come, until Ctrl-C.' }),
  },
  examples: [
    { command: 'slabring events', effect: 'the last events of the local cluster' },
    { command: 'slabring events -f --json', effect: 'follow them, a JSON object on each line' },
    { command: 'slabring events --nodes 10.0.0.1', effect: 'as one member has seen them' },
  ],
  async run(_cache, { follow, json, deadlineMs }, host, _args, { each, polls }) {
    const print = printer(json, host);
    if (follow) return followEvents(polls(readEvents), deadlineMs, print, host);
    const results = (await each(readEvents)).map(withAdvice);
    print(eventsOf(results));
    for (const line of failureLines(results, host)) host.err(line);
    return exitCodeOf(results, host);
  },
});

type Results = readonly NodeResult<readonly ShownEvent[]>[];
type Print = (events: readonly ShownEvent[]) => void;

const readEvents = async (node: CacheClient): Promise<readonly ShownEvent[]> =>
  eventsIn(await nodeStats(node, 'cluster'));

const eventsOf = (results: Results): readonly ShownEvent[] =>
  mergedEvents(repliesOf(results).flatMap(({ value }) => value));

const printer =
  (json: boolean, host: Host): Print =>
  (events) => {
    for (const event of events) host.out(json ? eventJson(event) : eventText(event, host));
  };

function withAdvice(result: Results[number]): Results[number] {
  const { node, failure } = result;
  if (failure?.isRefusal !== true) return result;
  return { node, failure: { ...failure, advice: ADVICE } };
}

/** Prints each event once. A node that does not reply is asked again. */
async function followEvents(
  nodes: NodePolls<readonly ShownEvent[]>,
  deadlineMs: number,
  print: Print,
  host: Host,
): Promise<number> {
  const end = watchEnd(host);
  const shown = new Set<string>();
  try {
    for await (const round of watchNodes(
      nodes,
      watchPace(INTERVAL_SECONDS, deadlineMs),
      end.signal,
    )) {
      const events = eventsOf(round).filter((event) => !shown.has(eventKey(event)));
      print(events);
      for (const event of events) shown.add(eventKey(event));
      for (const key of [...shown].slice(0, Math.max(0, shown.size - SHOWN_MAX))) shown.delete(key);
      await host.drained();
    }
    return EXIT.ok;
  } finally {
    end.dispose();
    await nodes.close();
  }
}
