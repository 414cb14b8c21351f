/** How each table should be cached; pure. */
import type { Catalog, Column, TableFacts, TableUse } from './catalog.ts';

type DataKind = 'lookup' | 'record' | 'busy' | 'expiring' | 'log' | 'no-key' | 'large';

/** The table's part of the cache. */
export interface Strategy {
  readonly table: TableFacts;
  readonly kind: DataKind;
  /** How long a row is cached, in seconds; undefined: it is not cached, or until it expires. */
  readonly ttl: number | undefined;
  /** The column that says when a row expires. */
  readonly expires: string | undefined;
  readonly isCached: boolean;
  /** Why, as a sentence. */
  readonly reason: string;
}

const LOOKUP_TTL = 3600;
const RECORD_TTL = 300;
const BUSY_TTL = 30;
/** A lookup table has at most so many rows. */
const LOOKUP_ROWS_MAX = 10_000;
/** Without statistics only a small table counts as one. */
const LOOKUP_ROWS_MAX_UNSEEN = 1000;
const SCANNED_ROWS_MAX = 1000;
/** The writes of a lookup table, as a share of all its uses. */
const LOOKUP_WRITES_SHARE_MAX = 0.001;
const BUSY_WRITES_SHARE_MIN = 0.2;
/** Fewer uses than that say nothing. */
const USES_MIN = 100;
/** Half of the largest item of a node. */
const ROW_BYTES_MAX = 512 * 1024;
const DAY_SECONDS = 86_400;

const EXPIRY =
  /(?:^|_)(?:expir(?:e|es|ed|y|ation)(?:_?(?:at|on|date|time|ts))?|valid_?(?:until|to|till))$/i;
const MOMENTS: readonly Column['kind'][] = ['number', 'time', 'text'];
const LOG = /(?:^|_)(?:logs?|events?|audits?|history|outbox|jobs?|queue|migrations?)(?:$|_)/i;

export const strategiesOf = ({ tables, useSeconds }: Catalog): readonly Strategy[] =>
  tables.map((table) => strategyOf(table, useSeconds));

export function strategyOf(table: TableFacts, useSeconds: number | undefined): Strategy {
  const no = (kind: DataKind, reason: string): Strategy => {
    return { table, kind, ttl: undefined, expires: undefined, isCached: false, reason };
  };
  const yes = (kind: DataKind, ttl: number | undefined, reason: string): Strategy => {
    return { table, kind, ttl, expires: undefined, isCached: true, reason };
  };
  if (table.key.length === 0) return no('no-key', 'It has no primary key, so a row has no name.');
  if (table.rows > 0 && table.bytes / table.rows > ROW_BYTES_MAX) {
    return no(
      'large',
      `Its rows have over ${ROW_BYTES_MAX / 1024} KiB: an item has at most 1 MiB.`,
    );
  }
  const expires = expiryColumn(table.columns);
  if (expires !== undefined) {
    const reason = `Its rows expire by ${expires}: so do their items.`;
    return { ...yes('expiring', undefined, reason), expires };
  }
  if (LOG.test(table.name) && !isReadMoreThanFilled(table.use)) {
    return no('log', 'Rows are added to it, and rarely read again by their key.');
  }
  const use = usesOf(table);
  if (use === undefined) return unseen(table, yes);
  const { reads, writes, share } = use;
  if (writes > reads) {
    return no('busy', `${share} of its uses are writes: a cache would save less than it costs.`);
  }
  const writesADay = useSeconds === undefined ? undefined : (writes / useSeconds) * DAY_SECONDS;
  const rarely = writesADay === undefined ? `${share} of its uses are writes` : perDay(writesADay);
  if (table.rows <= LOOKUP_ROWS_MAX && use.writesShare <= LOOKUP_WRITES_SHARE_MAX) {
    return yes('lookup', LOOKUP_TTL, `Small: ${rarely}.`);
  }
  if (use.writesShare >= BUSY_WRITES_SHARE_MIN) {
    return yes('busy', BUSY_TTL, `${share} of its uses are writes: a short time limits old rows.`);
  }
  return yes('record', RECORD_TTL, `Read by key; ${share} of its uses are writes.`);
}

type MakeCached = (kind: DataKind, ttl: number, reason: string) => Strategy;

/** Without statistics the size decides. */
function unseen({ rows }: TableFacts, yes: MakeCached): Strategy {
  if (rows <= LOOKUP_ROWS_MAX_UNSEEN) {
    return yes('lookup', LOOKUP_TTL, 'Small; nothing is known of its writes.');
  }
  return yes('record', RECORD_TTL, 'Nothing is known of its reads and writes.');
}

function expiryColumn(columns: readonly Column[]): string | undefined {
  return columns.find(({ name, kind }) => EXPIRY.test(name) && MOMENTS.includes(kind))?.name;
}

const isReadMoreThanFilled = (use: TableUse | undefined): boolean =>
  use !== undefined && use.lookups > use.inserts;

/** Undefined: too few to judge by. */
function usesOf({ use, rows }: TableFacts) {
  if (use === undefined) return undefined;
  const { inserts, updates, deletes } = use;
  // PostgreSQL scans a small table also for one row.
  const reads = use.lookups + (rows <= SCANNED_ROWS_MAX ? use.scans : 0);
  // What has filled the table is no change of a row that somebody has cached.
  const writes = updates + deletes + Math.max(0, inserts - rows);
  const total = reads + writes;
  if (total < USES_MIN) return undefined;
  const writesShare = writes / total;
  const share = `${(100 * writesShare).toFixed(writesShare < 0.1 ? 1 : 0)} %`;
  return { reads, writes, writesShare, share };
}

const perDay = (writes: number): string =>
  writes < 1 ? 'less than one change a day' : `about ${Math.round(writes)} changes a day`;
