import { hitRatioOf } from './claims.ts';
import { isMemcached } from './contenders.ts';
import type { DensityRun } from './density.ts';
import { betterMemcached, type Group, goalOf, ratioTo, verdict } from './goals.ts';
import { LOADS } from './loads.ts';
import type { SpeedRun } from './speed.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** The rows of a table; the first row is its head. */
export type Table = readonly (readonly string[])[];

const SPEED_HEAD = [
  'load',
  'threads',
  'server',
  'CPU µs/key (min–max)',
  'ratio (min–max)',
  'goal',
  'met',
  'keys/s (min–max)',
  'p50 µs',
  'p99 µs',
  'hits',
  'busy',
  'generator busy',
] as const;

/** One row per load, thread count and server; a ratio is to the better memcached of its load. */
export function speedTable(runs: readonly SpeedRun[]): Table {
  const rows = [...Map.groupBy(runs, (run) => `${run.load}\n${run.threads}`).values()]
    .toSorted(byLoadThenThreads)
    .flatMap((ofLoad) => {
      const groups = [...Map.groupBy(ofLoad, (run) => run.contender).values()];
      const base = betterMemcached(groups);
      return groups.toSorted(slabringFirst).map((group) => speedRow(group, base));
    });
  return [SPEED_HEAD, ...rows];
}

function speedRow(group: Group, base: Group | undefined): readonly string[] {
  const { load, threads, contender } = group[0]!;
  const spread = (of: (run: SpeedRun) => number) => spreadOf(group.map(of));
  const median = (of: (run: SpeedRun) => number) => spread(of).median;
  return [
    load,
    String(threads),
    contender,
    withSpread(spread((run) => run.measurement.cpuUsPerKey)),
    ...comparison(group, base),
    withSpread(
      spread((run) => run.measurement.keysPerSecond),
      (value) => `${Math.round(value / 1000)}k`,
    ),
    median((run) => run.measurement.p50us).toFixed(0),
    median((run) => run.measurement.p99us).toFixed(0),
    hitsText(median((run) => hitRatioOf(run.measurement))),
    median((run) => run.measurement.serverBusy).toFixed(2),
    median((run) => run.measurement.generatorBusy).toFixed(2),
  ];
}

/** The columns `ratio`, `goal` and `met`. */
function comparison(group: Group, base: Group | undefined): readonly string[] {
  if (base === undefined) return ['', '', ''];
  if (group === base) return ['1', '', ''];
  const ratio = ratioTo(base, group);
  const goal = goalOf(group[0]!);
  if (goal === undefined) return [withSpread(ratio), '', ''];
  return [withSpread(ratio), `≤ ${goal.toFixed(2)}`, verdict(goal, ratio)];
}

function withSpread(
  { median, min, max }: Spread,
  format = (value: number) => value.toFixed(2),
): string {
  return `${format(median)} (${format(min)}–${format(max)})`;
}

const hitsText = (ratio: number): string =>
  Number.isNaN(ratio) ? '' : `${(ratio * 100).toFixed(0)} %`;

function byLoadThenThreads([a]: Group, [b]: Group): number {
  const rank = (run: SpeedRun) =>
    LOADS.findIndex((load) => load.name === run.load) * 100 + run.threads;
  return rank(a!) - rank(b!);
}

function slabringFirst([a]: Group, [b]: Group): number {
  const [first, second] = [a!.contender, b!.contender];
  return Number(isMemcached(first)) - Number(isMemcached(second)) || first.localeCompare(second);
}

/** One row per value size and server. */
export function densityTable(runs: readonly DensityRun[], base: string): Table {
  const head = ['value bytes', 'server', 'items held', 'ratio', 'RSS empty MiB', 'RSS full MiB'];
  const rows = runs.map((run) => {
    const same = runs.find((r) => r.contender === base && r.valueBytes === run.valueBytes);
    return [
      String(run.valueBytes),
      run.contender,
      String(run.items),
      same === undefined ? '' : (run.items / same.items).toFixed(2),
      mebibytes(run.rssEmptyBytes),
      mebibytes(run.rssFullBytes),
    ];
  });
  return [head, ...rows];
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

/** Formats a table as Markdown; its columns are aligned in plain text too. */
export function formatTable(table: Table): string {
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map((row) => row[i]!.length)));
  const lines = table.map(
    (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`,
  );
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}
