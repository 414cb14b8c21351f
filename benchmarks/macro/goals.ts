import { isMemcached } from './contenders.ts';
import { GOAL_THREADS, LOADS } from './loads.ts';
import type { SpeedRun } from './speed.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** The runs of one load, thread count and server. */
export type Group = readonly SpeedRun[];

const cpuOf = (run: SpeedRun): number => run.measurement.cpuUsPerKey;
const medianCpu = (group: Group): number => spreadOf(group.map(cpuOf)).median;

/** Of the groups of one load and thread count: the memcached with the least CPU time per key. */
export function betterMemcached(groups: readonly Group[]): Group | undefined {
  return groups
    .filter(([first]) => isMemcached(first!.contender))
    .toSorted((a, b) => medianCpu(a) - medianCpu(b))[0];
}

/** The ratio of the medians, with the least and the greatest ratio of one round. */
export function ratioTo(base: Group, group: Group): Spread {
  const ofRounds = group.flatMap((run) => {
    const other = base.find(({ round }) => round === run.round);
    return other === undefined ? [] : [cpuOf(run) / cpuOf(other)];
  });
  return { ...spreadOf(ofRounds), median: medianCpu(group) / medianCpu(base) };
}

/** The goal of the load, if it holds for this server and number of threads. */
export function goalOf({ load, threads, contender }: SpeedRun): number | undefined {
  if (isMemcached(contender) || threads !== GOAL_THREADS) return undefined;
  return LOADS.find(({ name }) => name === load)?.goal;
}

/**
 * Whether the ratio meets the goal. A goal between the ratios of the rounds is within the noise:
 * the next run may decide otherwise.
 */
export function verdict(goal: number, { median, min, max }: Spread): string {
  const answer = median <= goal ? 'yes' : 'no';
  return min <= goal && goal < max ? `${answer}, within noise` : answer;
}
