/** The live view as text: a head, the total, and a row for each node. */
import { counted } from '../../base/index.ts';
import { type Activity, order, type SortKey, type TopView } from '../../ops/index.ts';
import { failureText, type NodeFailure } from '../cache/each-node.ts';
import type { Host } from '../process/host.ts';
import { ageText, countText, microsecondsText, shortSizeText } from './amounts.ts';
import { columns } from './columns.ts';
import { wrapAll } from './wrap.ts';

/** How to show a view. */
interface TopLayout {
  readonly sort: SortKey;
  readonly isReversed?: boolean;
  /** No terminal: no rows and columns are left out. */
  readonly rows?: number | undefined;
  readonly columns?: number | undefined;
}

interface Column {
  readonly head: string;
  /** Undefined for a text, which has no order. */
  readonly sort: SortKey | undefined;
  /** The key that sorts by it. */
  readonly key: string;
  /** The room that it always has: columns that came and went with the numbers would flicker. */
  readonly width: number;
  readonly cell: (activity: Activity) => string | undefined;
}

const NONE = '–';
const US_PER_MS = 1000;
const GAP = '  ';
/** The part of a terminal that names may take, at least the length of an address of IPv4. */
const NAME_SHARE = 0.4;
const NAME_COLUMNS_MIN = 15;
/** The end of a name that stays: its port. */
const NAME_END = 6;

const count = (number: number | undefined): string | undefined =>
  number === undefined ? undefined : countText(number);
const percent = (number: number | undefined, digits: number): string | undefined =>
  number === undefined ? undefined : `${number.toFixed(digits)} %`;

/** The columns from left to right. */
const COLUMNS = {
  gets: column('gets/s', 'gets', 'g', 6, ({ getsPerSecond }) => count(getsPerSecond)),
  sets: column('sets/s', 'sets', 's', 6, ({ setsPerSecond }) => count(setsPerSecond)),
  hits: column('hits', 'hits', 'h', 7, ({ hitRatio: ratio }) =>
    percent(ratio === undefined ? undefined : 100 * ratio, 1),
  ),
  p99: column('p99', 'p99', 'l', 6, ({ p99Microseconds: us }) =>
    us === undefined ? undefined : microsecondsText(us),
  ),
  state: column('state', undefined, '', 8, ({ clusterState }) => clusterState),
  forwards: column('fwd/s', 'forwards', 'f', 6, ({ forwardsPerSecond }) =>
    count(forwardsPerSecond),
  ),
  lag: column('lag', 'lag', 'a', 6, ({ lagMs }) =>
    lagMs === undefined ? undefined : microsecondsText(lagMs * US_PER_MS),
  ),
  backlog: column('backlog', 'backlog', 'b', 7, ({ backlogBytes: bytes }) =>
    bytes === undefined ? undefined : shortSizeText(bytes),
  ),
  fill: column('fill', 'fill', 'o', 5, ({ fillRatio: ratio }) =>
    percent(ratio === undefined ? undefined : 100 * ratio, 0),
  ),
  evictions: column('evict/s', 'evictions', 'e', 7, ({ evictionsPerSecond }) =>
    count(evictionsPerSecond),
  ),
  items: column('items', 'items', 'i', 6, ({ items }) => count(items)),
  memory: column('memory', 'memory', 'm', 11, memoryCell),
  cpu: column('cpu', 'cpu', 'p', 5, ({ cpuPercent }) => percent(cpuPercent, 0)),
  connections: column('conns', 'connections', 'c', 5, ({ connections }) => count(connections)),
  rss: column('rss', 'rss', 'r', 6, ({ rssBytes: bytes }) =>
    bytes === undefined ? undefined : shortSizeText(bytes),
  ),
  uptime: column('up', 'uptime', 'u', 6, ({ uptimeSeconds: seconds }) =>
    seconds === undefined ? undefined : ageText(seconds),
  ),
} as const satisfies Readonly<Record<string, Column>>;

/** The columns that a narrow terminal keeps longest, first. */
const BY_PRIORITY: readonly Column[] = [
  COLUMNS.gets,
  COLUMNS.hits,
  COLUMNS.state,
  COLUMNS.sets,
  COLUMNS.forwards,
  COLUMNS.memory,
  COLUMNS.p99,
  COLUMNS.lag,
  COLUMNS.fill,
  COLUMNS.evictions,
  COLUMNS.items,
  COLUMNS.cpu,
  COLUMNS.connections,
  COLUMNS.backlog,
  COLUMNS.rss,
  COLUMNS.uptime,
];

/** A view without members of a cluster has none of these. */
const OF_CLUSTERS: ReadonlySet<Column> = new Set([
  COLUMNS.state,
  COLUMNS.forwards,
  COLUMNS.lag,
  COLUMNS.backlog,
  COLUMNS.fill,
]);

/** The order of each key; `n` sorts by the name. */
export const SORT_KEYS: ReadonlyMap<string, SortKey> = new Map([
  ['n', 'node'],
  ...BY_PRIORITY.flatMap(({ key, sort }) => (sort === undefined ? [] : [[key, sort] as const])),
]);

function column(
  head: string,
  sort: SortKey | undefined,
  key: string,
  width: number,
  cell: Column['cell'],
): Column {
  return { head, sort, key, width, cell };
}

function memoryCell({ memoryUsedBytes: used, memoryLimitBytes: limit }: Activity) {
  return used === undefined || limit === undefined
    ? undefined
    : `${shortSizeText(used)}/${shortSizeText(limit)}`;
}

const SHORT_HELP = 'q quits';
/** The title and the blank line below it. */
const TITLE_ROWS = 2;
/** The names of the columns, and the total. */
const TABLE_HEAD_ROWS = 2;

type View = TopView<NodeFailure>;

/** The table; a terminal with too few rows or columns shows less of it. */
export function topTable(view: View, layout: TopLayout, host: Pick<Host, 'style'>): string {
  const { rows, columns: columnsMax = Number.POSITIVE_INFINITY } = layout;
  const nameMax = Math.max(NAME_COLUMNS_MIN, Math.floor(columnsMax * NAME_SHARE));
  const total = totalName(view);
  const sorted = order(view.nodes, layout.sort, layout.isReversed);
  const names = [total, ...sorted.map(({ node }) => elided(node, nameMax))];
  const room = columnsMax - GAP.length - Math.max(...names.map((each) => each.length));
  const shown = columnsThatFit(room + GAP.length, hasMembers(view));
  const lines = sorted.map(({ activity, failure }, at) => {
    const name = names[at + 1]!;
    if (activity !== undefined) return [name, ...cellsOf(activity, shown)];
    const reason = failureText(failure);
    return [name, host.style('red', rows === undefined ? reason : reason.slice(0, room))];
  });
  const sum = view.upCount === 0 ? cellsOf(undefined, shown) : cellsOf(view.total, shown);
  const head = ['node', ...shown.map((each) => each.head)];
  const table = columns([head, [total, ...sum], ...lines], { numbers: 'after-first', gap: GAP });
  const [first = '', second = '', ...rest] = table.split('\n');
  return [first, host.style('bold', second), ...cutRows(rest, rows)].join('\n');
}

/** Says how many nodes have no room below the head and the total. */
function cutRows(lines: readonly string[], rows = Number.POSITIVE_INFINITY): readonly string[] {
  if (lines.length + TABLE_HEAD_ROWS <= rows) return lines;
  const fit = lines.slice(0, Math.max(0, rows - TABLE_HEAD_ROWS - 1));
  return [...fit, `… ${counted(lines.length - fit.length, 'more node')}`];
}

function totalName({ nodes, upCount }: View): string {
  return upCount === nodes.length ? 'total' : `total (${upCount} of ${nodes.length})`;
}

function cellsOf(activity: Activity | undefined, shown: readonly Column[]): readonly string[] {
  return shown.map(({ cell, width }) => {
    const text = activity === undefined ? NONE : (cell(activity) ?? NONE);
    return text.padStart(width);
  });
}

const hasMembers = ({ nodes }: View): boolean =>
  nodes.some(({ activity }) => activity?.clusterState !== undefined);

function keysHelp(view: View): string {
  const shown = BY_PRIORITY.filter((each) => hasMembers(view) || !OF_CLUSTERS.has(each));
  const keys = shown.flatMap(({ key, sort }) => (sort === undefined ? [] : [`${key} ${sort}`]));
  return `q quits. Sort by ${['n node', ...keys].join(', ')}; again reverses.`;
}

function columnsThatFit(room: number, isCluster: boolean): readonly Column[] {
  let left = room;
  const fit = new Set<Column>();
  for (const each of BY_PRIORITY) {
    if (!isCluster && OF_CLUSTERS.has(each)) continue;
    left -= GAP.length + Math.max(each.width, each.head.length);
    if (left < 0) break;
    fit.add(each);
  }
  return Object.values(COLUMNS).filter((each) => fit.has(each));
}

/** A long name keeps its start and its port. */
function elided(name: string, columnsMax: number): string {
  if (name.length <= columnsMax) return name;
  return `${name.slice(0, columnsMax - NAME_END - 1)}…${name.slice(-NAME_END)}`;
}

/** The whole screen: a title, the table and the keys. */
export function topScreen(
  view: View | undefined,
  layout: TopLayout & { readonly rows: number; readonly columns: number },
  { time, intervalSeconds }: { readonly time: string; readonly intervalSeconds: number },
  host: Pick<Host, 'style'>,
): string {
  const by = `${layout.sort}${layout.isReversed === true ? ', reversed' : ''}`;
  const title = `slabring top  ${time}  every ${intervalSeconds} s  by ${by}`;
  if (view === undefined) return `${title}\n\nwaiting for the nodes …`;
  const full = wrapAll(keysHelp(view), layout.columns);
  const room = layout.rows - TITLE_ROWS - TABLE_HEAD_ROWS - view.nodes.length;
  const help = full.split('\n').length < room ? full : SHORT_HELP;
  const rows = layout.rows - TITLE_ROWS - 1 - help.split('\n').length;
  const table = topTable(view, { ...layout, rows }, host);
  return [title, '', table, '', help].join('\n').split('\n').slice(0, layout.rows).join('\n');
}

/** One line of JSON for each moment. */
export function topJson({ nodes, total, upCount }: View, time: Date): string {
  const byNode = nodes.map(({ node, activity, failure }) => [
    node,
    activity ?? { error: failure.reason },
  ]);
  const counts = { nodes: nodes.length, up: upCount };
  return JSON.stringify({
    time: time.toISOString(),
    nodes: Object.fromEntries(byNode),
    total: { ...counts, ...total },
  });
}
