/** What members of a cluster do: their rows of `stats cluster`, beside those of `stats`. */
import { numberIn, type Reading, ratePerSecond, type Span, sumOf } from './reading.ts';

const PREFIX = 'cluster:';
const PEER_ROW = /^cluster:peer:.*:(lag_ms|backlog_bytes)$/;

export interface ClusterActivity {
  /** Of one node; undefined for one in no cluster of slabring, as all that follow. */
  readonly clusterState?: string | undefined;
  /** Requests that it sent to the nodes that have their keys. */
  readonly forwardsPerSecond?: number | undefined;
  /** The age of the oldest change that another node has not acknowledged, in milliseconds. */
  readonly lagMs?: number | undefined;
  /** What waits for other nodes. */
  readonly backlogBytes?: number | undefined;
  /** The share of its items that it has sent to the nodes that get them; none at rest. */
  readonly fillRatio?: number | undefined;
}

/** The rows of `stats cluster`, beside those of `stats`. */
export function withCluster({ atMs, stats }: Reading, rows: ReadonlyMap<string, string>): Reading {
  const named = [...rows].map(([name, value]) => [`${PREFIX}${name}`, value] as const);
  return { atMs, stats: new Map([...stats, ...named]) };
}

/** The activity of one member, or of several; nodes in no cluster do not count. */
export function clusterActivityOf(spans: readonly Span[]): ClusterActivity {
  const members = spans.filter(({ after }) => after.stats.has(`${PREFIX}member_state`));
  if (members.length === 0) return {};
  const lags = members.flatMap(({ after }) => peerNumbers(after, 'lag_ms'));
  const backlogs = members.flatMap(({ after }) => peerNumbers(after, 'backlog_bytes'));
  const moved = sumOf(members, ({ after }) => numberIn(after, `${PREFIX}keys_moved`)) ?? 0;
  const left = sumOf(members, ({ after }) => numberIn(after, `${PREFIX}keys_left`)) ?? 0;
  return {
    ...(members.length === 1 && spans.length === 1 && { clusterState: stateOf(members[0]!) }),
    forwardsPerSecond: sumOf(members, (span) => ratePerSecond(span, `${PREFIX}forwards_sent`)),
    lagMs: Math.max(0, ...lags),
    backlogBytes: backlogs.reduce((sum, bytes) => sum + bytes, 0),
    fillRatio: left === 0 ? undefined : moved / (moved + left),
  };
}

/** A proxy has no other state. */
function stateOf({ after: { stats } }: Span): string | undefined {
  const isProxy = stats.get(`${PREFIX}member_role`) === 'proxy';
  return isProxy ? 'proxy' : stats.get(`${PREFIX}member_state`);
}

function peerNumbers(reading: Reading, name: string): readonly number[] {
  const names = [...reading.stats.keys()].filter((row) => PEER_ROW.exec(row)?.[1] === name);
  return names.flatMap((row) => numberIn(reading, row) ?? []);
}
