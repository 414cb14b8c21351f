import { CodedError } from '../../base/index.ts';
import { type Catalog, type Column, TABLES_MAX, type TableFacts } from './catalog.ts';

const CONNECT_SECONDS_MAX = 10;
const STATEMENT_MS_MAX = 15_000;
/** Of all together; a network that drops packets would hold it for minutes. */
const READ_MS_MAX = 60_000;
const COLUMNS_MAX = 200;

/** A row of the query below; counts are texts, as they may be larger than a number. */
interface Row {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly (Column & { readonly width: number | null })[];
  readonly key: readonly string[] | null;
  readonly rows: string;
  readonly bytes: string;
  readonly live: string;
  readonly lookups: string;
  readonly scans: string;
  readonly inserts: string;
  readonly updates: string;
  readonly deletes: string;
  readonly all_tables: string;
}

/**
 * The tables with their partitions as one. Of the statistics only counts and widths are read:
 * `pg_stats` also has frequent values, which do not leave the server.
 */
const TABLES = `
select n.nspname as schema, c.relname as name, sums.*, key.key, columns.columns,
  count(*) over () as all_tables
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select sum(case p.relkind when 'r' then greatest(p.reltuples, 0) else 0 end)::bigint as rows,
    sum(pg_table_size(p.oid))::bigint as bytes,
    sum(coalesce(s.n_live_tup, 0))::bigint as live,
    sum(coalesce(s.idx_scan, 0))::bigint as lookups, sum(coalesce(s.seq_scan, 0))::bigint as scans,
    sum(coalesce(s.n_tup_ins, 0))::bigint as inserts,
    sum(coalesce(s.n_tup_upd, 0))::bigint as updates,
    sum(coalesce(s.n_tup_del, 0))::bigint as deletes
  from (select relid::oid from pg_partition_tree(c.oid) union select c.oid) part
  join pg_class p on p.oid = part.relid
  left join pg_stat_all_tables s on s.relid = p.oid
) sums
left join lateral (
  select json_agg(a.attname order by position) as key
  from pg_index i
  cross join lateral unnest(i.indkey::int2[]) with ordinality as used(attnum, position)
  join pg_attribute a on a.attrelid = c.oid and a.attnum = used.attnum
  where i.indrelid = c.oid and i.indisprimary
) key on true
cross join lateral (
  select json_agg(json_build_object('name', a.attname, 'width', w.avg_width, 'kind', case
      when a.atttypid in (17) then 'bytes'
      when a.atttypid in (20, 21, 23, 700, 701, 1700) then 'number'
      when a.atttypid in (1082, 1114, 1184) then 'time'
      when a.atttypid in (25, 1043) then 'text' else 'other' end) order by a.attnum) as columns
  from pg_attribute a
  left join pg_stats w on w.schemaname = n.nspname and w.tablename = c.relname
    and w.attname = a.attname and not w.inherited
  where a.attrelid = c.oid and a.attnum between 1 and ${COLUMNS_MAX} and not a.attisdropped
) columns
where c.relkind in ('r', 'p') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'
order by sums.bytes desc limit ${TABLES_MAX}`;

/** Age of the statistics; without a reset it is unknown. */
const AGE = `
select current_database() as name, extract(epoch from now() - stats_reset) as seconds
from pg_stat_database where datname = current_database()`;

/**
 * Reads the catalog of a PostgreSQL server, in one read-only transaction.
 * @throws {CodedError} `ERR_DATABASE`
 */
export async function postgresCatalog(url: string): Promise<Catalog> {
  // Only this verb needs it.
  const { default: postgres } = await import('postgres');
  const sql = connected(postgres, url);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no reply in ${READ_MS_MAX} ms`)),
    READ_MS_MAX,
  );
  try {
    const reading = sql.begin('isolation level repeatable read read only', async (read) => {
      await read.unsafe(`set local statement_timeout = ${STATEMENT_MS_MAX}`);
      const tables = await read.unsafe<Row[]>(TABLES);
      const [age] = await read.unsafe<{ name: string; seconds: string | null }[]>(AGE);
      return {
        kind: 'postgres' as const,
        name: age!.name,
        tables: tables.map(factsOf),
        tablesLeftOut: Number(tables[0]?.all_tables ?? 0) - tables.length,
        useSeconds: age!.seconds === null ? undefined : Math.max(1, Number(age!.seconds)),
      };
    });
    return await Promise.race([reading, late.promise]);
  } catch (cause) {
    throw unreadable(cause);
  } finally {
    clearTimeout(timer);
    await sql.end({ timeout: 0 });
  }
}

function connected(postgres: typeof import('postgres'), url: string): import('postgres').Sql {
  try {
    return postgres(url, {
      max: 1,
      connect_timeout: CONNECT_SECONDS_MAX,
      prepare: false,
      onnotice: () => {},
      connection: { application_name: 'slabring' },
    });
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): CodedError {
  const { code, message } = cause as { readonly code?: string; readonly message: string };
  const text = `The catalog of the database cannot be read: ${message || code || 'no reason'}.`;
  return new CodedError('ERR_DATABASE', text, { cause });
}

function factsOf(row: Row): TableFacts {
  const rows = Math.max(Number(row.rows), Number(row.live));
  const widths = row.columns.map(({ width }) => width);
  const isMeasured = widths.every((width) => width !== null);
  const width = widths.reduce<number>((sum, each) => sum + (each ?? 0), 0);
  return {
    schema: row.schema,
    name: row.name,
    columns: row.columns.map(({ name, kind }) => ({ name, kind })),
    key: row.key ?? [],
    rows,
    // A table with empty pages is larger than its rows.
    bytes: isMeasured ? width * rows : Number(row.bytes),
    use: {
      lookups: Number(row.lookups),
      scans: Number(row.scans),
      inserts: Number(row.inserts),
      updates: Number(row.updates),
      deletes: Number(row.deletes),
    },
  };
}
