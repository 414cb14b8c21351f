import type { DensityRun } from './density.ts';
import type { Measurement } from './generator.ts';
import { LOADS } from './loads.ts';
import type { SpeedRun } from './speed.ts';
import { spreadOf } from './statistics.ts';

/** The rows of a table; the first row is its head. */
export type Table = readonly (readonly string[])[];

/** The targets of the design are relative to the figures of this build. */
const TARGET_BASE = 'memcached 1.6.18';

const SPEED_HEAD = [
  'load',
  'threads',
  'server',
  'CPU µs/key (min–max)',
  'ratio',
  'keys/s (min–max)',
  'ratio',
  'p50 µs',
  'p99 µs',
  'busy',
  'target',
] as const;

/** One row per load, thread count and server; ratios are to `base`. */
export function speedTable(runs: readonly SpeedRun[], base: string): Table {
  const groups = Map.groupBy(runs, (run) => `${run.load}\n${run.threads}\n${run.contender}`);
  const baseOf = (run: SpeedRun) => groups.get(`${run.load}\n${run.threads}\n${base}`) ?? [];
  const rows = [...groups.values()].toSorted(byLoadThenThreads).map((group) => {
    return speedRow(group, baseOf(group[0]!), base);
  });
  return [SPEED_HEAD, ...rows];
}

function speedRow(group: readonly SpeedRun[], baseRuns: readonly SpeedRun[], base: string) {
  const { load, threads, contender } = group[0]!;
  const median = (field: keyof Measurement, of = group) =>
    spreadOf(of.map((run) => run.measurement[field])).median;
  const ratio = (field: keyof Measurement) =>
    contender === base ? '1' : (median(field) / median(field, baseRuns)).toFixed(2);
  return [
    load,
    String(threads),
    contender,
    withSpread(group, 'cpuUsPerKey', (value) => value.toFixed(2)),
    ratio('cpuUsPerKey'),
    withSpread(group, 'keysPerSecond', (value) => `${Math.round(value / 1000)}k`),
    ratio('keysPerSecond'),
    String(median('p50us')),
    String(median('p99us')),
    median('serverBusy').toFixed(2),
    contender.startsWith('memcached') || base !== TARGET_BASE ? '' : targetOf(load),
  ];
}

function withSpread(
  group: readonly SpeedRun[],
  field: keyof Measurement,
  format: (value: number) => string,
): string {
  const { median, min, max } = spreadOf(group.map((run) => run.measurement[field]));
  return `${format(median)} (${format(min)}–${format(max)})`;
}

function targetOf(name: string): string {
  const target = LOADS.find((load) => load.name === name)?.target;
  return target === undefined ? '' : `≤ ${target.first}, then ${target.goal}`;
}

function byLoadThenThreads(a: readonly SpeedRun[], b: readonly SpeedRun[]): number {
  const rank = (group: readonly SpeedRun[]) =>
    LOADS.findIndex((load) => load.name === group[0]!.load) * 100 + group[0]!.threads;
  return rank(a) - rank(b) || a[0]!.contender.localeCompare(b[0]!.contender) * -1;
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
