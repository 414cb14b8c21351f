import {
  keyJson,
  type MergedReport,
  type MergedRow,
  mergeHot,
  readHotReport,
} from '../../ops/index.ts';
import { failuresJson, failureText, type NodeResult } from '../cache/each-node.ts';
import type { Host } from '../process/host.ts';
import { countText, shareText, sizeText } from './amounts.ts';
import { columns, widthOf } from './columns.ts';
import { shownKey } from './key-text.ts';

/** A longer key may be cut where a terminal is narrow. */
const KEY_COLUMNS_MAX = 40;
const GAP_COLUMNS = 2;

/** The orders of the keys. */
export const HOT_SORTS = {
  requests: ({ requests }) => requests,
  gets: ({ gets }) => gets,
  writes: ({ writes }) => writes,
  misses: ({ misses }) => misses,
  bytes: ({ bytesPerSecond }) => bytesPerSecond,
} as const satisfies Readonly<Record<string, (row: MergedRow) => number>>;
export type HotSort = keyof typeof HOT_SORTS;

type Round = readonly NodeResult<ReadonlyMap<string, string>>[];

interface HotOptions {
  readonly top: number;
  readonly sort: HotSort;
  readonly byPrefix: boolean;
}

interface HotPage extends HotOptions {
  readonly round: Round;
  readonly report: MergedReport;
  readonly rows: readonly MergedRow[];
}

/** Merges what the nodes sent, and takes the first rows of the order. */
export function hotPage(round: Round, options: HotOptions): HotPage {
  const replies = round.flatMap(({ node, value }) => {
    return value === undefined ? [] : [{ node, report: readHotReport(value) }];
  });
  const report = mergeHot(replies);
  const sizeOf = HOT_SORTS[options.sort];
  const rows = report.rows.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, options.top);
  return { ...options, round, report, rows };
}

export function hotText(page: HotPage, host: Host): string {
  const { round, report, rows } = page;
  const failed = round.flatMap(({ node, failure }) =>
    failure === undefined ? [] : [`${node}  ${host.style('red', failureText(failure))}`],
  );
  const silent = report.silent.map((node) => `${node}  samples no keys (-o no_hot_keys)`);
  const table =
    rows.length === 0 ? [] : ['', hotTable(page, host.columns ?? Number.POSITIVE_INFINITY)];
  const head = failed.length === round.length ? [] : [summary(page)];
  return [...head, ...failed, ...silent, ...table].join('\n');
}

function summary({ report, round }: HotPage): string {
  const { requests, samples } = report;
  const nodes = round.filter(({ failure }) => failure === undefined).length;
  const where = `${nodes} of ${round.length} nodes`;
  if (samples === 0) return `No requests for keys in the last minutes (${where}).`;
  const count = Math.round(samples).toLocaleString('en');
  return (
    `${rateText(requests)} requests/s for keys on ${where}, estimated from ${count} samples ` +
    'of the last minutes'
  );
}

/** The columns from the left to the right, and in which order a narrow terminal drops them. */
const COLUMNS: readonly HotColumn[] = [
  { head: 'req/s', dropped: 0, cell: (row) => rateText(row.requests) },
  { head: '±', dropped: 4, cell: (row) => rateText(row.error) },
  { head: 'share', dropped: 0, cell: (row, all) => shareText(row.requests, all) },
  { head: 'gets/s', dropped: 2, cell: (row) => rateText(row.gets) },
  { head: 'hits', dropped: 7, cell: (row) => shareText(row.hits, row.gets) },
  { head: 'writes/s', dropped: 6, cell: (row) => rateText(row.writes) },
  { head: 'size', dropped: 3, cell: (row) => (row.bytes === 0 ? '–' : sizeText(row.bytes)) },
  { head: 'bytes/s', dropped: 5, cell: (row) => sizeText(row.bytesPerSecond) },
  { head: 'node', dropped: 1, cell: (row) => placeOf(row) },
];

interface HotColumn {
  readonly head: string;
  /** 1 is dropped first; 0 stays. */
  readonly dropped: number;
  readonly cell: (row: MergedRow, allRequests: number) => string;
}

/** A narrow terminal shows fewer columns, so that the keys have room; they come last. */
function hotTable({ rows, report, round, byPrefix }: HotPage, columnsMax: number): string {
  const names = rows.map(({ key }) => (byPrefix && key === '' ? '(no prefix)' : shownKey(key)));
  const nameColumns = Math.min(KEY_COLUMNS_MAX, Math.max(...names.map(({ length }) => length)));
  const hasNodes = round.length > 1 && !byPrefix;
  const left = COLUMNS.filter(({ head }) => head !== 'node' || hasNodes);
  for (;;) {
    const cells = rows.map((row) => left.map(({ cell }) => cell(row, report.requests)));
    const heads = left.map(({ head }) => head);
    const numbers = columns([heads, ...cells], { numbers: 'after-first' });
    const next = Math.min(...left.flatMap(({ dropped }) => (dropped === 0 ? [] : [dropped])));
    if (widthOf(numbers) + GAP_COLUMNS + nameColumns <= columnsMax || !Number.isFinite(next)) {
      const named = cells.map((row, at) => [...row, names[at]!]);
      const title = byPrefix ? 'prefix' : 'key';
      return columns([[...heads, title], ...named], { numbers: 'before-last' });
    }
    left.splice(
      left.findIndex(({ dropped }) => dropped === next),
      1,
    );
  }
}

const placeOf = ({ nodes: [node = '', ...others] }: MergedRow): string =>
  others.length === 0 ? node : `${node} +${others.length}`;

/** Small rates keep a digit after the point. */
function rateText(perSecond: number): string {
  return perSecond < 10 ? String(Number(perSecond.toFixed(1))) : countText(Math.round(perSecond));
}

export function hotJson({ round, report, rows, byPrefix }: HotPage, time: Date): string {
  const errors = failuresJson(round);
  return JSON.stringify({
    time: time.toISOString(),
    requestsPerSecond: report.requests,
    samples: report.samples,
    ...(report.silent.length > 0 && { notSampling: report.silent }),
    ...(Object.keys(errors).length > 0 && { errors }),
    [byPrefix ? 'prefixes' : 'keys']: rows.map((row) => rowJson(row, report.requests)),
  });
}

function rowJson(row: MergedRow, allRequests: number): object {
  const { key, requests, error, gets, hits, writes, bytes, bytesPerSecond, nodes } = row;
  return {
    ...keyJson(key),
    requestsPerSecond: requests,
    errorPerSecond: error,
    share: requests / allRequests,
    getsPerSecond: gets,
    ...(gets > 0 && { hitRatio: hits / gets }),
    writesPerSecond: writes,
    bytes,
    bytesPerSecond,
    nodes,
  };
}
