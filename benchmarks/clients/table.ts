import { type Spread, spreadOf } from '../macro/statistics.ts';
import type { Table } from '../macro/summary.ts';
import type { ClientName } from './drivers.ts';
import { LOADS } from './loads.ts';
import type { HeapReport, Measurement } from './runner.ts';

/** One measurement of one client at one load. */
export interface ClientRun {
  readonly client: ClientName;
  readonly version: string;
  /** The index in `LOADS`. */
  readonly load: number;
  readonly round: number;
  readonly measurement: Measurement;
}

const OURS: ClientName = 'slabring';
const HEAD = [
  'load',
  'client',
  'keys/s (min–max)',
  'ratio',
  'CPU µs/key (min–max)',
  'ratio',
  'keys not found',
];

/** One row per load and client; ratios compare with the best of the other clients. */
export function speedTable(runs: readonly ClientRun[]): Table {
  const groups = Map.groupBy(runs, ({ load, client }) => `${load}\n${client}`);
  const rows = [...groups.values()].map((group) => {
    const { load, client, version } = group[0]!;
    const others = [...groups.values()].filter((other) => {
      return other[0]!.load === load && other[0]!.client !== OURS;
    });
    const speed = spread(group, 'keysPerSecond');
    const cost = spread(group, 'cpuUsPerKey');
    const bestSpeed = Math.max(...others.map((other) => spread(other, 'keysPerSecond').median));
    const bestCost = Math.min(...others.map((other) => spread(other, 'cpuUsPerKey').median));
    return [
      LOADS[load]!.name,
      `${client} ${version}`,
      spreadText(speed, (value) => `${(value / 1000).toFixed(value < 100_000 ? 1 : 0)}k`),
      others.length === 0 ? '' : (speed.median / bestSpeed).toFixed(2),
      spreadText(cost, (value) => value.toFixed(2)),
      others.length === 0 ? '' : (cost.median / bestCost).toFixed(2),
      missingText(group),
    ];
  });
  return [HEAD, ...rows];
}

/** The heap before and after many gets. */
export function heapTable({ operations, beforeBytes, afterBytes }: HeapReport): Table {
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  const head = ['client', 'gets', 'heap before MiB', 'heap after MiB'];
  const millions = `${operations / 1e6} million`;
  return [head, [OURS, millions, mebibytes(beforeBytes), mebibytes(afterBytes)]];
}

/** The server has every key: a key not found is an error of the client. */
function missingText(runs: readonly ClientRun[]): string {
  const missing = runs.reduce((sum, { measurement }) => sum + measurement.missing, 0);
  return missing === 0 ? '' : String(missing);
}

function spread(runs: readonly ClientRun[], field: keyof Measurement): Spread {
  return spreadOf(runs.map(({ measurement }) => measurement[field]));
}

function spreadText({ median, min, max }: Spread, format: (value: number) => string): string {
  return `${format(median)} (${format(min)}–${format(max)})`;
}
