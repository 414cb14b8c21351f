import { changesPerSecond, type Reading, TopHistory } from '../../ops/index.ts';
import type { NodeFailure, NodeResult } from '../cache/each-node.ts';
import type { NodePolls } from '../cache/node-polls.ts';
import { watchEnd, watchNodes, watchPace } from '../cache/watch.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import {
  type NodeStats,
  type StatChanges,
  statsChangesJson,
  statsChangesTable,
} from '../terminal/stats-page.ts';
import { topTable } from '../terminal/top-page.ts';

interface WatchOptions {
  /** Seconds between two rounds. */
  readonly watch: number;
  readonly json: boolean;
  /** Whether to show every statistic; otherwise a summary of rates. */
  readonly all: boolean;
  readonly deadlineMs: number;
}

type Round = readonly NodeResult<Reading>[];

/** Prints the statistics of each round from the second on, with what changed since the last. */
export async function watchStats(
  nodes: NodePolls<Reading>,
  options: WatchOptions,
  host: Host,
): Promise<number> {
  const end = watchEnd(host);
  const pace = watchPace(options.watch, options.deadlineMs);
  const history = new TopHistory<NodeFailure>();
  let before: Round | undefined;
  try {
    for await (const round of watchNodes(nodes, pace, end.signal)) {
      const view = history.add(round);
      const { columns } = host;
      if (before !== undefined && (options.all || options.json))
        host.out(everyStat(before, round, options, host));
      else if (before !== undefined)
        host.out(`${topTable(view, { sort: 'node', columns }, host)}\n`);
      before = round;
    }
    return EXIT.ok;
  } finally {
    end.dispose();
    await nodes.close();
  }
}

function everyStat(before: Round, round: Round, { json }: WatchOptions, host: Host): string {
  const results = round.map((result): NodeResult<NodeStats> => {
    const { node, value } = result;
    return value === undefined ? result : { node, value: value.stats };
  });
  const changes = changesOf(before, round);
  if (json) return statsChangesJson(results, changes, new Date());
  return `${statsChangesTable(results, changes, host)}\n`;
}

function changesOf(before: Round, round: Round): StatChanges {
  const earlier = new Map(before.map(({ node, value }) => [node, value]));
  return new Map(
    round.flatMap(({ node, value }) => {
      const was = earlier.get(node);
      return was === undefined || value === undefined
        ? []
        : [[node, changesPerSecond(was, value)] as const];
    }),
  );
}
