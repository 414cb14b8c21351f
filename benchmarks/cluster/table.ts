import { spreadOf } from '../macro/statistics.ts';
import type { Table } from '../macro/summary.ts';
import { ALONE } from './paths.ts';

/** One measurement of one path. */
export interface Run {
  readonly path: string;
  readonly load: string;
  /** Of the sum, relative to a node alone. */
  readonly goal: number | undefined;
  /** CPU microseconds of each process: first the one that the client asks. */
  readonly cpuUsPerKey: readonly number[];
  readonly keysPerSecond: number;
}

const HEAD = ['load', 'path', 'µs per key, each process', 'sum', '× alone (min–max)', 'goal'];

/** One row for each load and path. */
export function tableOf(runs: readonly Run[]): Table {
  const rows = [...Map.groupBy(runs, ({ load }) => load).values()].flatMap((ofLoad) => {
    const alone = ofLoad.filter(({ path }) => path === ALONE).map(sumOf);
    const paths = Map.groupBy(ofLoad, ({ path }) => path);
    return [...paths.values()].map((group) => rowOf(group, alone));
  });
  return [[...HEAD, 'keys/s'], ...rows];
}

function rowOf(group: readonly Run[], alone: readonly number[]): readonly string[] {
  const { load, path, goal } = group[0]!;
  const each = group[0]!.cpuUsPerKey.map((_, nth) => {
    return spreadOf(group.map(({ cpuUsPerKey }) => cpuUsPerKey[nth]!)).median;
  });
  const rate = spreadOf(group.map(({ keysPerSecond }) => keysPerSecond)).median;
  return [
    load,
    path,
    each.map((us) => us.toFixed(2)).join(' + '),
    spreadOf(group.map(sumOf)).median.toFixed(2),
    path === ALONE ? noiseOf(alone) : ratiosOf(group.map(sumOf), alone),
    goal === undefined ? '' : `≤ ${goal}`,
    Math.round(rate).toString(),
  ];
}

const sumOf = ({ cpuUsPerKey }: Run): number => cpuUsPerKey.reduce((sum, us) => sum + us, 0);

/** The alone runs of a round, which are neighbours in the list. */
function pairsOf(alone: readonly number[]): readonly (readonly [number, number])[] {
  return Array.from({ length: alone.length / 2 }, (_, nth) => [
    alone[2 * nth]!,
    alone[2 * nth + 1]!,
  ]);
}

function ratiosOf(sums: readonly number[], alone: readonly number[]): string {
  const pairs = pairsOf(alone);
  const ratios = spreadOf(sums.map((sum, nth) => (2 * sum) / (pairs[nth]![0] + pairs[nth]![1])));
  return `${ratios.median.toFixed(2)} (${ratios.min.toFixed(2)}–${ratios.max.toFixed(2)})`;
}

function noiseOf(alone: readonly number[]): string {
  const noise = pairsOf(alone).map(([one, other]) => Math.abs(one - other) / Math.min(one, other));
  return `noise ${Math.round(100 * Math.max(...noise))} %`;
}
