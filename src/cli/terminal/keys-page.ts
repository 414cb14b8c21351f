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
import { failuresJson, failureText, type NodeResult } from '../cache/each-node.ts';
import type { Host } from '../process/host.ts';
import { ageText, countText, shareText, sizeText } from './amounts.ts';
import { columns } from './columns.ts';
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
  if (census.largest.length > 0) parts.push(largestTable(page));
  if (byPrefix && census.total.keys > 0) parts.push(prefixTable(page));
  return parts.join('\n\n');
}

function summary({ census, results, seconds }: CensusPage, host: Host): string {
  const { keys, bytes, unreadBytes } = census.total;
  const nodes = results.filter(({ failure }) => failure === undefined).length;
  const failed = results.flatMap(({ node, failure }) =>
    failure === undefined ? [] : [`${node}  ${host.style('red', failureText(failure))}`],
  );
  const count = `${keys.toLocaleString('en')} keys`;
  const size = `${sizeText(bytes)}, ${shareText(unreadBytes, bytes)} of it never read`;
  const where = `${nodes} of ${results.length} nodes, listed in ${seconds.toFixed(1)} s`;
  return [`${count}, ${size} (${where})`, ...failed].join('\n');
}

function largestTable({ census, results }: CensusPage): string {
  const now = Date.now() / 1000;
  const hasNodes = results.length > 1;
  const head = ['size', 'class', 'ttl', 'idle', ...(hasNodes ? ['node'] : [])];
  const rows = census.largest.map((item) => [
    sizeText(item.bytes),
    String(item.sizeClass),
    item.expiresAt === undefined ? 'never' : ageText(Math.max(0, item.expiresAt - now)),
    `${ageText(Math.max(0, now - item.accessedAt))}${item.isFetched ? '' : ' unread'}`,
    ...(hasNodes ? [item.node] : []),
    shownKey(item.key),
  ]);
  return columns([[...head, 'largest items'], ...rows], { numbers: 'before-last' });
}

const PREFIX_HEAD = ['keys', 'bytes', 'share', 'mean', 'unread', 'endless', 'idle'];
const HOT_HEAD = ['gets/s', 'hits'];

function prefixTable({ census, results, top, sort }: CensusPage): string {
  const { prefixes, others } = census.top(top, PREFIX_SORTS[sort]);
  const hot = hotByPrefix(results);
  const isKnown = prefixes.some(({ prefix }) => hot.has(prefix));
  const line = (totals: CensusTotals, row: MergedRow | undefined, name: string) => [
    ...prefixCells(totals, census.total.bytes),
    ...(isKnown ? hotCells(row) : []),
    name,
  ];
  const rows = prefixes.map((totals) => line(totals, hot.get(totals.prefix), nameOf(totals)));
  if (others.keys > 0) rows.push(line(others, undefined, OTHERS));
  const note = census.isApproximate
    ? '\nThere are many prefixes: the counts of small ones are too low, others has the rest.'
    : '';
  const head = [...PREFIX_HEAD, ...(isKnown ? HOT_HEAD : []), 'prefix'];
  return columns([head, ...rows], { numbers: 'before-last' }) + note;
}

/** The sampled requests for prefixes, of all nodes. */
function hotByPrefix(results: CensusPage['results']): ReadonlyMap<string, MergedRow> {
  const reports = results.flatMap(({ node, value }) => {
    return value === undefined ? [] : [{ node, report: value.prefixes }];
  });
  return new Map(mergeHot(reports).rows.map((row) => [row.key, row]));
}

const hotCells = (row: MergedRow | undefined): readonly string[] =>
  row === undefined ? ['–', '–'] : [countText(row.gets), shareText(row.hits, row.gets)];

const nameOf = ({ prefix }: PrefixTotals): string => (prefix === '' ? NO_PREFIX : shownKey(prefix));

function prefixCells(totals: CensusTotals, allBytes: number): readonly string[] {
  const { keys, bytes, unreadBytes, endlessKeys, idleSeconds } = totals;
  return [
    countText(keys),
    sizeText(bytes),
    shareText(bytes, allBytes),
    sizeText(bytes / keys),
    shareText(unreadBytes, bytes),
    shareText(endlessKeys, keys),
    ageText(idleSeconds / keys),
  ];
}

export function censusJson(page: CensusPage): string {
  const { census, results, seconds, byPrefix, top, sort } = page;
  const nodes = results.flatMap(({ node, value }) => {
    return value === undefined ? [] : [[node, { keys: value.keys }]];
  });
  const hot = hotByPrefix(results);
  const { prefixes, others } = census.top(top, PREFIX_SORTS[sort]);
  const errors = failuresJson(results);
  return JSON.stringify({
    ...totalsJson(census.total),
    seconds,
    nodes: Object.fromEntries(nodes),
    ...(Object.keys(errors).length > 0 && { errors }),
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
