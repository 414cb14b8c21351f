import { failureLines, failureText, type NodeResult, repliesOf } from '../cache/each-node.ts';
import type { Host } from '../process/host.ts';
import { ageText, countText, shareText, usageText } from './amounts.ts';
import { columns, DEFAULT_COLUMNS, tableOrBlocks, widthOf } from './columns.ts';

/** The statistics of one node as it sends them. */
export type NodeStats = ReadonlyMap<string, string>;
type Results = readonly NodeResult<NodeStats>[];

const SUMMARY_HEAD = ['node', 'up', 'items', 'memory', 'hits', 'gets', 'evicted', 'conns'];
const NAME_INDENT = '  ';

/** What operators look at first, with units: one row for each node, and the total. */
export function statsSummary(results: Results, host: Host): string {
  const up = repliesOf(results).map(({ value }) => value);
  const rows = results.map((result) =>
    result.failure === undefined
      ? [result.node, ...summaryCells([result.value], true)]
      : [result.node, host.style('red', failureText(result.failure))],
  );
  const name = up.length === results.length ? 'total' : `total (${up.length} of ${results.length})`;
  const total = results.length === 1 || up.length === 0 ? [] : [[name, ...summaryCells(up, false)]];
  return tableOrBlocks(SUMMARY_HEAD, [...rows, ...total], host.columns);
}

/** The cells of one node, or of the sum of several; only one node has an age. */
function summaryCells(nodes: readonly NodeStats[], hasAge: boolean): string[] {
  const sum = (name: string): number =>
    nodes.reduce((total, stats) => total + Number(stats.get(name) ?? 0), 0);
  const hits = sum('get_hits');
  return [
    hasAge ? ageText(sum('uptime')) : '',
    countText(sum('curr_items')),
    usageText(sum('bytes'), sum('limit_maxbytes')),
    shareText(hits, hits + sum('get_misses')),
    countText(sum('cmd_get')),
    countText(sum('evictions')),
    countText(sum('curr_connections')),
  ];
}

/** Every statistic as the nodes send it, side by side if that fits. */
export function statsTable(results: Results, host: Host): string {
  const names = new Set(results.flatMap((result) => [...(result.value?.keys() ?? [])]));
  const head = ['', ...results.map(({ node }) => node)];
  const rows = [...names].map((name) => [
    name,
    ...results.map((result) => result.value?.get(name) ?? '–'),
  ]);
  const table = columns([head, ...rows]);
  const failed = failureLines(results, host);
  const { columns: columnsMax = DEFAULT_COLUMNS } = host;
  const isNarrow = results.length === 1 || widthOf(table) <= columnsMax;
  const shown = isNarrow ? table : blockPerNode(results);
  return [...(names.size === 0 ? [] : [shown]), ...failed].join('\n');
}

function blockPerNode(results: Results): string {
  const blocks = results.flatMap(({ node, value }) => {
    if (value === undefined) return [];
    return `${node}\n${columns([...value].map(([name, text]) => [NAME_INDENT + name, text]))}`;
  });
  return blocks.join('\n\n');
}

/** What changed in each node, by the names of the statistics, in each second. */
export type StatChanges = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** `statsTable`, with the change behind each statistic that changed: `120 +4/s`. */
export function statsChangesTable(results: Results, changes: StatChanges, host: Host): string {
  const changed = results.map((result) => {
    const { node, value } = result;
    if (value === undefined) return result;
    const texts = [...value].map(([name, text]) => {
      const change = changes.get(node)?.get(name);
      return [name, change === undefined ? text : `${text} ${changeText(change)}`] as const;
    });
    return { node, value: new Map(texts) };
  });
  return statsTable(changed, host);
}

function changeText(perSecond: number): string {
  return `${perSecond < 0 ? '-' : '+'}${countText(Math.abs(perSecond))}/s`;
}

/** One line for each round: the statistics by node, and what changed. */
export function statsChangesJson(results: Results, changes: StatChanges, time: Date): string {
  const perSecond = [...changes].map(([node, each]) => [node, Object.fromEntries(each)]);
  return JSON.stringify({
    time: time.toISOString(),
    nodes: JSON.parse(statsJson(results)),
    perSecond: Object.fromEntries(perSecond),
  });
}

/** The statistics by node. Numbers are numbers if JavaScript can hold them exactly. */
export function statsJson(results: Results): string {
  const nodes = results.map(({ node, value, failure }) => {
    if (value === undefined) return [node, { error: failure!.reason }] as const;
    const pairs = [...value].map(([name, text]) => [name, numberOr(text)]);
    return [node, Object.fromEntries(pairs)] as const;
  });
  return JSON.stringify(Object.fromEntries(nodes));
}

function numberOr(text: string): number | string {
  if (!/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) return text;
  const number = Number(text);
  return text.includes('.') || Number.isSafeInteger(number) ? number : text;
}
