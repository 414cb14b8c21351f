import type { Activity } from './activity.ts';
import type { NodeLine } from './history.ts';

/** The orders of the nodes: by name, or by a number, the largest first. */
export const SORTS = {
  node: undefined,
  gets: ({ getsPerSecond }) => getsPerSecond,
  sets: ({ setsPerSecond }) => setsPerSecond,
  hits: ({ hitRatio }) => hitRatio,
  p99: ({ p99Microseconds }) => p99Microseconds,
  evictions: ({ evictionsPerSecond }) => evictionsPerSecond,
  items: ({ items }) => items,
  memory: ({ memoryUsedBytes }) => memoryUsedBytes,
  connections: ({ connections }) => connections,
  cpu: ({ cpuPercent }) => cpuPercent,
  rss: ({ rssBytes }) => rssBytes,
  uptime: ({ uptimeSeconds }) => uptimeSeconds,
  forwards: ({ forwardsPerSecond }) => forwardsPerSecond,
  lag: ({ lagMs }) => lagMs,
  backlog: ({ backlogBytes }) => backlogBytes,
  fill: ({ fillRatio }) => fillRatio,
} as const satisfies Readonly<
  Record<string, ((activity: Activity) => number | undefined) | undefined>
>;
export type SortKey = keyof typeof SORTS;

/** Sorts the nodes; those without the number are last, in the order of their names. */
export function order<Failure>(
  nodes: readonly NodeLine<Failure>[],
  key: SortKey,
  isReversed = false,
): readonly NodeLine<Failure>[] {
  const read = SORTS[key];
  const numberOf = ({ activity }: NodeLine<Failure>): number | undefined =>
    activity === undefined ? undefined : read?.(activity);
  const sign = isReversed ? -1 : 1;
  return nodes.toSorted((a, b) => {
    const byName = COLLATOR.compare(a.node, b.node);
    if (read === undefined) return sign * byName;
    const [left, right] = [numberOf(a), numberOf(b)];
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined) || byName;
    return sign * (right - left) || byName;
  });
}

/** `node-2` is before `node-10`. */
const COLLATOR = new Intl.Collator('en', { numeric: true });
