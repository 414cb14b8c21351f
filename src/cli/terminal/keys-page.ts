import { counted } from '../../base/index.ts';
import {
  type CensusTotals,
  type HotReport,
  type KeyCensus,
  keyJson,
  type LargeItem,
  type MergedRow,
  mergeHot,
  type PrefixTotals,
} from '../../ops/index.ts';
import { errorsJson, failureLines, type NodeResult, repliesOf } from '../cache/each-node.ts';
import type { Host } from '../process/host.ts';
import { ageText, countText, shareText, sizeText } from './amounts.ts';
import { type FittedColumn, fittedTable } from './fitted-table.ts';
import { shownKey } from './key-text.ts';

/** The orders of the prefixes. */
export const PREFIX_SORTS = {
  bytes: ({ bytes }) => bytes,
  keys: ({ keys }) => keys,
  unread: ({ unreadBytes }) => unreadBytes,
  endless: ({ endlessKeys }) => endlessKeys,
} as const satisfies Readonly<Record<string, (totals: CensusTotals) => number>>;
export type PrefixSort = keyof typeof PREFIX_SORTS;

/** What one node told. */
interface NodeKeys {
  readonly keys: number;
  /** The requests for prefixes that it has sampled. */
  readonly prefixes: HotReport;
}

interface CensusPage {
  readonly census: KeyCensus;
  readonly results: readonly NodeResult<NodeKeys>[];
  readonly seconds: number;
  readonly byPrefix: boolean;
  readonly top: number;
  readonly sort: PrefixSort;
}

const NO_PREFIX = '(no prefix)';
const OTHERS = '(others)';

export function censusText(page: CensusPage, host: Host): string {
  const { census, byPrefix } = page;
  const parts = [summary(page, host)];
  const columnsMax = host.columns ?? Number.POSITIVE_INFINITY;
  if (census.largest.length > 0) parts.push(largestTable(page, columnsMax));
  if (byPrefix && census.total.keys > 0) parts.push(prefixTable(page, columnsMax));
  return parts.join('\n\n');
}

function summary({ census, results, seconds }: CensusPage, host: Host): string {
  const { keys, bytes, unreadBytes } = census.total;
  const nodes = repliesOf(results).length;
  const failed = failureLines(results, host);
  const count = counted(keys, 'key', keys.toLocaleString('en'));
  const size = `${sizeText(bytes)}, ${shareText(unreadBytes, bytes)} of it never read`;
  const where = `${nodes} of ${counted(results.length, 'node')}, listed in ${seconds.toFixed(1)} s`;
  const head = nodes === 0 ? [] : [`${count}, ${size} (${where})`];
  return [...head, ...failed].join('\n');
}

const LARGEST_COLUMNS = {
  size: { head: 'size', dropped: 0 },
  sizeClass: { head: 'class', dropped: 2 },
  ttl: { head: 'ttl', dropped: 3 },
  idle: { head: 'idle', dropped: 4 },
  node: { head: 'node', dropped: 1 },
} as const satisfies Readonly<Record<string, FittedColumn>>;

function largestTable({ census, results }: CensusPage, columnsMax: number): string {
  const now = Date.now() / 1000;
  const { largest } = census;
  const rows = largest.map(({ bytes, sizeClass, expiresAt, accessedAt, isFetched, node }) => ({
    size: sizeText(bytes),
    sizeClass: String(sizeClass),
    ttl: expiresAt === undefined ? 'never' : ageText(Math.max(0, expiresAt - now)),
    idle: `${ageText(Math.max(0, now - accessedAt))}${isFetched ? '' : ' unread'}`,
    ...(results.length > 1 && { node }),
  }));
  const names = largest.map(({ key }) => shownKey(key));
  return fittedTable(LARGEST_COLUMNS, rows, { title: 'largest items', names, columnsMax });
}

const PREFIX_COLUMNS = {
  keys: { head: 'keys', dropped: 0 },
  bytes: { head: 'bytes', dropped: 0 },
  share: { head: 'share', dropped: 5 },
  mean: { head: 'mean', dropped: 2 },
  unread: { head: 'unread', dropped: 7 },
  endless: { head: 'endless', dropped: 4 },
  idle: { head: 'idle', dropped: 3 },
  gets: { head: 'gets/s', dropped: 1 },
  hits: { head: 'hits', dropped: 6 },
} as const satisfies Readonly<Record<string, FittedColumn>>;

function prefixTable({ census, results, top, sort }: CensusPage, columnsMax: number): string {
  const { prefixes, others } = census.top(top, PREFIX_SORTS[sort]);
  const hot = hotByPrefix(results);
  const allBytes = census.total.bytes;
  const rows = prefixes.map((each) => prefixCells(each, allBytes, hot.get(each.prefix)));
  const names = prefixes.map(nameOf);
  if (others.keys > 0) {
    rows.push(prefixCells(others, allBytes, undefined));
    names.push(OTHERS);
  }
  const note = census.isApproximate
    ? '\nThere are many prefixes: the counts of small ones are too low, others has the rest.'
    : '';
  return fittedTable(PREFIX_COLUMNS, rows, { title: 'prefix', names, columnsMax }) + note;
}

/** The sampled requests for prefixes, of all nodes. */
function hotByPrefix(results: CensusPage['results']): ReadonlyMap<string, MergedRow> {
  const reports = repliesOf(results).map(({ node, value }) => {
    return { node, report: value.prefixes };
  });
  return new Map(mergeHot(reports).rows.map((row) => [row.key, row]));
}

const nameOf = ({ prefix }: PrefixTotals): string => (prefix === '' ? NO_PREFIX : shownKey(prefix));

function prefixCells(totals: CensusTotals, allBytes: number, hot: MergedRow | undefined) {
  const { keys, bytes, unreadBytes, endlessKeys, idleSeconds } = totals;
  return {
    keys: countText(keys),
    bytes: sizeText(bytes),
    share: shareText(bytes, allBytes),
    mean: sizeText(bytes / keys),
    unread: shareText(unreadBytes, bytes),
    endless: shareText(endlessKeys, keys),
    idle: ageText(idleSeconds / keys),
    ...(hot && { gets: countText(hot.gets), hits: shareText(hot.hits, hot.gets) }),
  };
}

export function censusJson(page: CensusPage): string {
  const { census, results, seconds, byPrefix, top, sort } = page;
  const nodes = repliesOf(results).map(({ node, value }) => [node, { keys: value.keys }]);
  const hot = hotByPrefix(results);
  const { prefixes, others } = census.top(top, PREFIX_SORTS[sort]);
  return JSON.stringify({
    ...totalsJson(census.total),
    seconds,
    nodes: Object.fromEntries(nodes),
    ...errorsJson(results),
    ...(census.largest.length > 0 && { largest: census.largest.map(itemJson) }),
    ...(byPrefix && {
      prefixes: prefixes.map(({ prefix, ...totals }) => {
        return { ...prefixJson(prefix), ...totalsJson(totals), ...hotJson(hot.get(prefix)) };
      }),
      others: totalsJson(others),
      isApproximate: census.isApproximate,
    }),
  });
}

function prefixJson(prefix: string): object {
  const json = keyJson(prefix);
  return 'key' in json ? { prefix: json.key } : { prefixBase64: json.keyBase64 };
}

/** Missing where no node has sampled requests for the prefix. */
function hotJson(row: MergedRow | undefined): object {
  if (row === undefined) return {};
  const { gets, hits, writes } = row;
  const ratio = gets > 0 ? { hitRatio: hits / gets } : {};
  return { getsPerSecond: gets, ...ratio, writesPerSecond: writes };
}

function totalsJson({ keys, bytes, unreadKeys, unreadBytes, ...rest }: CensusTotals): object {
  const { endlessKeys, idleSeconds } = rest;
  const meanIdleSeconds = keys === 0 ? 0 : Math.round(idleSeconds / keys);
  return { keys, bytes, unreadKeys, unreadBytes, endlessKeys, meanIdleSeconds };
}

function itemJson({ key, node, bytes, sizeClass, expiresAt, accessedAt, ...rest }: LargeItem) {
  const { isFetched } = rest;
  const expires = expiresAt === undefined ? null : expiresAt;
  return { ...keyJson(key), node, bytes, sizeClass, expiresAt: expires, accessedAt, isFetched };
}
