import type { Table } from '../macro/summary.ts';
import type { HitRatioRun } from './measure.ts';

const HEAD = [
  'workload',
  '-m',
  'working set',
  'server',
  'miss ratio',
  'to memcached',
  'unavoidable',
  'evictions',
  'items',
  'pages MiB',
  'refused',
] as const;

/** One row for each workload, memory and server; differences to `base` are in percentage points. */
export function hitRatioTable(runs: readonly HitRatioRun[], base: string): Table {
  return [HEAD, ...runs.map((run) => rowOf(run, missRatioOf(runs, run, base)))];
}

function missRatioOf(runs: readonly HitRatioRun[], of: HitRatioRun, base: string) {
  const same = (run: HitRatioRun) =>
    run.contender === base &&
    run.workload === of.workload &&
    run.memoryMegabytes === of.memoryMegabytes;
  return of.contender === base ? undefined : runs.find(same)?.missRatio;
}

function rowOf(run: HitRatioRun, baseMissRatio: number | undefined): readonly string[] {
  return [
    run.workload,
    String(run.memoryMegabytes),
    `${(run.workingSetBytes / (run.memoryMegabytes * 2 ** 20)).toFixed(1)} ×`,
    run.contender,
    percent(run.missRatio),
    baseMissRatio === undefined ? '' : difference(run.missRatio - baseMissRatio),
    percent(run.keys / run.gets),
    String(run.evictions),
    String(run.items),
    (run.pageBytes / 2 ** 20).toFixed(0),
    String(run.refused),
  ];
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(2)} %`;
const difference = (ratio: number): string =>
  `${ratio < 0 ? '−' : '+'}${Math.abs(ratio * 100).toFixed(2)}`;
