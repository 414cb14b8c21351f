import { spreadOf } from '../macro/statistics.ts';
import type { Table } from '../macro/summary.ts';
import type { ClientName } from './drivers.ts';
import { LOADS } from './loads.ts';
import type { Measurement, RunnerReport } from './runner.ts';

/** What one client did in one round. */
export interface ClientRun extends RunnerReport {
  readonly client: ClientName;
  readonly version: string;
  readonly round: number;
}

const OURS: ClientName = 'slabring';

/** One row per load and client; ours beside the best of the others. */
export function speedTable(runs: readonly ClientRun[]): Table {
  const head = ['load', 'client', 'keys/s (min–max)', 'ratio', 'CPU µs/key (min–max)', 'ratio'];
  const rows = LOADS.flatMap(({ name }) => {
    const clients = [...new Set(runs.filter((run) => name in run.loads).map((run) => run.client))];
    const peers = clients.filter((client) => client !== OURS);
    const best = {
      keysPerSecond: Math.max(...peers.map((peer) => median(runs, peer, name, 'keysPerSecond'))),
      cpuUsPerKey: Math.min(...peers.map((peer) => median(runs, peer, name, 'cpuUsPerKey'))),
    };
    return clients.map((client) => [
      name,
      `${client} ${runs.find((run) => run.client === client)!.version}`,
      spreadText(runs, client, name, 'keysPerSecond', (value) => `${Math.round(value / 1000)}k`),
      ratio(runs, client, name, 'keysPerSecond', best.keysPerSecond),
      spreadText(runs, client, name, 'cpuUsPerKey', (value) => value.toFixed(2)),
      ratio(runs, client, name, 'cpuUsPerKey', best.cpuUsPerKey),
    ]);
  });
  return [head, ...rows];
}

/** The heap before and after many gets, where that was asked for. */
export function heapTable(runs: readonly ClientRun[]): Table {
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  const rows = runs.flatMap(({ client, heap }) => {
    if (heap === undefined) return [];
    const millions = `${heap.operations / 1e6} million`;
    return [[client, millions, mebibytes(heap.beforeBytes), mebibytes(heap.afterBytes)]];
  });
  return [['client', 'gets', 'heap before MiB', 'heap after MiB'], ...rows];
}

function spread(
  runs: readonly ClientRun[],
  client: ClientName,
  load: string,
  field: keyof Measurement,
) {
  const measured = runs.filter((run) => run.client === client).map((run) => run.loads[load]);
  return spreadOf(measured.filter((each) => each !== undefined).map((each) => each[field]));
}

const median = (...of: Parameters<typeof spread>): number => spread(...of).median;

function ratio(
  runs: readonly ClientRun[],
  client: ClientName,
  load: string,
  field: keyof Measurement,
  best: number,
): string {
  return Number.isFinite(best) ? (median(runs, client, load, field) / best).toFixed(2) : '';
}

function spreadText(
  runs: readonly ClientRun[],
  client: ClientName,
  load: string,
  field: keyof Measurement,
  format: (value: number) => string,
): string {
  const { median: middle, min, max } = spread(runs, client, load, field);
  return `${format(middle)} (${format(min)}–${format(max)})`;
}
