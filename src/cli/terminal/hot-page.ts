import { counted } from '../../base/index.ts';
import {
  keyJson,
  type MergedReport,
  type MergedRow,
  mergeHot,
  readHotReport,
} from '../../ops/index.ts';
import { errorsJson, failureLines, type NodeResult, repliesOf } from '../cache/each-node.ts';
import type { Host } from '../process/host.ts';
import { countText, shareText, sizeText } from './amounts.ts';
import { type FittedColumn, fittedTable } from './fitted-table.ts';
import { shownKey } from './key-text.ts';

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
  const replies = repliesOf(round).map(({ node, value }) => {
    return { node, report: readHotReport(value) };
  });
  const report = mergeHot(replies);
  const sizeOf = HOT_SORTS[options.sort];
  const rows = report.rows.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, options.top);
  return { ...options, round, report, rows };
}

export function hotText(page: HotPage, host: Host): string {
  const { round, report, rows } = page;
  const failed = failureLines(round, host);
  const silent = report.silent.map((node) => `${node}  samples no keys (-o no_hot_keys)`);
  const table =
    rows.length === 0 ? [] : ['', hotTable(page, host.columns ?? Number.POSITIVE_INFINITY)];
  const head = failed.length === round.length ? [] : [summary(page)];
  return [...head, ...failed, ...silent, ...table].join('\n');
}

function summary({ report, round }: HotPage): string {
  const { requests, samples } = report;
  const where = `${repliesOf(round).length} of ${counted(round.length, 'node')}`;
  if (samples === 0) return `No requests for keys in the last minutes (${where}).`;
  const rounded = Math.round(samples);
  const count = counted(rounded, 'sample', rounded.toLocaleString('en'));
  return (
    `${rateText(requests)} requests/s for keys on ${where}, estimated from ${count} ` +
    'of the last minutes'
  );
}

/** The columns from the left to the right, and in which order a narrow terminal drops them. */
const COLUMNS = {
  requests: { head: 'req/s', dropped: 0 },
  error: { head: '±', dropped: 4 },
  share: { head: 'share', dropped: 0 },
  gets: { head: 'gets/s', dropped: 2 },
  hits: { head: 'hits', dropped: 7 },
  writes: { head: 'writes/s', dropped: 6 },
  size: { head: 'size', dropped: 3 },
  bytes: { head: 'bytes/s', dropped: 5 },
  node: { head: 'node', dropped: 1 },
} as const satisfies Readonly<Record<string, FittedColumn>>;

function hotTable({ rows, report, round, byPrefix }: HotPage, columnsMax: number): string {
  const cells = rows.map((row) => ({
    requests: rateText(row.requests),
    error: rateText(row.error),
    share: shareText(row.requests, report.requests),
    gets: rateText(row.gets),
    hits: shareText(row.hits, row.gets),
    writes: rateText(row.writes),
    size: row.bytes === 0 ? '–' : sizeText(row.bytes),
    bytes: sizeText(row.bytesPerSecond),
    ...(round.length > 1 && !byPrefix && { node: placeOf(row) }),
  }));
  const names = rows.map(({ key }) => (byPrefix && key === '' ? '(no prefix)' : shownKey(key)));
  return fittedTable(COLUMNS, cells, { title: byPrefix ? 'prefix' : 'key', names, columnsMax });
}

const placeOf = ({ nodes: [node = '', ...others] }: MergedRow): string =>
  others.length === 0 ? node : `${node} +${others.length}`;

/** Small rates keep a digit after the point. */
function rateText(perSecond: number): string {
  return perSecond < 10 ? String(Number(perSecond.toFixed(1))) : countText(Math.round(perSecond));
}

export function hotJson({ round, report, rows, byPrefix }: HotPage, time: Date): string {
  return JSON.stringify({
    time: time.toISOString(),
    requestsPerSecond: report.requests,
    samples: report.samples,
    ...(report.silent.length > 0 && { notSampling: report.silent }),
    ...errorsJson(round),
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
