/** How large a cluster should be for a database; pure. */
import { memoryMibOf } from '../model/node-options.ts';
import { NODE_TYPES, type NodeType, nodeType } from '../model/node-types.ts';
import type { Catalog, TableFacts } from './catalog.ts';
import type { Strategy } from './strategy.ts';

export interface Proposal {
  readonly nodeType: string;
  readonly nodes: number;
  readonly replicas: number;
  /** Of all items that should be cached at once, with their overhead, on one copy. */
  readonly bytes: number;
  readonly items: number;
  readonly reasons: readonly string[];
}

/** What the item of a row takes, and how many there should be room for. */
interface CachedRows {
  readonly items: number;
  readonly itemBytes: number;
}

/** Of a record table: the part of the rows that is read again and again. */
const HOT_SHARE = 0.2;
/** Small tables are cached as a whole. */
const HOT_ROWS_MIN = 1000;
/** Header of an item, and its part of the index (4 bytes a bucket, 1.5 items a bucket). */
const ITEM_OVERHEAD_BYTES = 32 + 3;
/** A chunk is larger than its item: by 10 % on average with classes that grow by 1.25. */
const CHUNK_SHARE = 1.1;
/** `,"name":` of each column in the JSON of a row. */
const JSON_COLUMN_BYTES = 5;
/** So that what is hot is never evicted: room for what comes and goes. */
const SPARE = 1.25;
const REPLICAS = 2;
const NODES_MIN = 2;
const NODES_MAX = 8;
const MEBIBYTE = 2 ** 20;
/** Sizes below the smallest type of ElastiCache: few databases of tests need 512 MiB. */
const OWN_TYPES = ['slabring.64x1', 'slabring.128x1', 'slabring.256x2'];
/** Lookups that one thread answers in a second, with a wide margin. */
const READS_PER_THREAD = 50_000;

export function cachedRows({ table, kind, isCached }: Strategy, hotShare = HOT_SHARE): CachedRows {
  const itemBytes = Math.ceil(
    CHUNK_SHARE * (ITEM_OVERHEAD_BYTES + keyBytes(table) + valueBytes(table)),
  );
  if (!isCached) return { items: 0, itemBytes };
  const isWhole = kind === 'lookup' || kind === 'expiring';
  const hot = isWhole ? table.rows : Math.max(HOT_ROWS_MIN, Math.ceil(table.rows * hotShare));
  return { items: Math.min(table.rows, hot), itemBytes };
}

/** `shop.products:12345`: names, and 12 characters for each column of the key. */
const keyBytes = ({ schema = '', name, key }: TableFacts): number =>
  schema.length + name.length + 2 + 12 * key.length;

/** Its bytes in the database, and the names of its columns: values are JSON. */
function valueBytes({ columns, rows, bytes }: TableFacts): number {
  const names = columns.reduce((sum, { name }) => sum + name.length + JSON_COLUMN_BYTES, 0);
  return names + (rows === 0 ? 0 : bytes / rows);
}

/** The cluster that has room for all that should be cached at once. */
export function proposalFor(
  { useSeconds }: Catalog,
  strategies: readonly Strategy[],
  hotShare = HOT_SHARE,
): Proposal {
  const parts = strategies.map((each) => cachedRows(each, hotShare));
  const items = parts.reduce((sum, part) => sum + part.items, 0);
  const bytes = parts.reduce((sum, part) => sum + part.items * part.itemBytes, 0);
  const cached = strategies.filter(({ isCached }) => isCached);
  const lookups = cached.reduce((sum, { table }) => sum + (table.use?.lookups ?? 0), 0);
  const rate = useSeconds === undefined ? undefined : lookups / useSeconds;
  const { type, nodes, isEnough } = shapeFor(bytes * SPARE * REPLICAS, rate ?? 0);
  const roomMib = memoryMibOf(type, {});
  return {
    nodeType: type.name,
    nodes,
    replicas: REPLICAS,
    bytes,
    items,
    reasons: [
      `${items} items take ${mib(bytes)} MiB: with their keys, the names of their columns, ` +
        `${ITEM_OVERHEAD_BYTES} bytes of overhead each, and a tenth for the rest of chunks.`,
      `Of tables that are no lookups, ${percent(hotShare)} of the rows are hot (--hot-share), ` +
        `and at least ${HOT_ROWS_MIN} rows.`,
      `Each key is on ${REPLICAS} nodes, so that a node may die and lose nothing: ` +
        `${mib(bytes * REPLICAS)} MiB, and a quarter more, so that nothing hot is evicted.`,
      `${nodes} nodes of ${type.name} have ${roomMib} MiB for items each` +
        (isEnough ? '.' : ': less than that; the largest cluster that is proposed.'),
      ...(rate === undefined || rate < 1
        ? []
        : [`The tables have ${Math.round(rate)} lookups a second.`]),
    ],
  };
}

/** The smallest type of which a few nodes are enough. */
function shapeFor(bytes: number, readsPerSecond: number) {
  const types = [...OWN_TYPES, ...NODE_TYPES.map(({ name }) => name).filter(isCurrent)]
    .map((name) => nodeType(name))
    .filter((type) => type !== undefined);
  for (const type of types) {
    const nodes = nodesOf(type, bytes, readsPerSecond);
    // Of small types two are enough; of large ones more are cheaper than a larger one.
    if (nodes <= (type.memoryMib < LARGE_MIB ? NODES_MIN : NODES_MAX)) {
      return { type, nodes, isEnough: true };
    }
  }
  return { type: types.at(-1)!, nodes: NODES_MAX, isEnough: false };
}

const LARGE_MIB = 6000;

/** Of each size, the type of the newest generation that has all sizes. */
const isCurrent = (name: string): boolean => /^cache\.(?:t3|m6g|r6g)\./.test(name);

const nodesOf = (type: NodeType, bytes: number, readsPerSecond: number): number =>
  Math.max(
    NODES_MIN,
    Math.ceil(bytes / (memoryMibOf(type, {}) * MEBIBYTE)),
    Math.ceil(readsPerSecond / (READS_PER_THREAD * type.threads)),
  );

const mib = (bytes: number): string => (bytes / MEBIBYTE).toFixed(bytes < 10 * MEBIBYTE ? 1 : 0);
const percent = (share: number): string => `${Math.round(100 * share)} %`;
