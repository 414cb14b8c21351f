import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { CodedError, fileReason } from '../../base/index.ts';
import { type Catalog, type Column, TABLES_MAX, type TableFacts } from './catalog.ts';

/** A table with more rows counts as having so many: to count means to read it. */
const COUNTED_ROWS_MAX = 1_000_000;
/** In a larger file tables share its bytes by their rows: to measure them means to read it. */
const MEASURED_BYTES_MAX = 1 << 30;
const COLUMNS_MAX = 200;
const BUSY_MS_MAX = 2000;

/**
 * Reads the catalog of a file of SQLite, which is opened for reading only.
 * @throws {CodedError} `ERR_DATABASE`
 */
export async function sqliteCatalog(path: string): Promise<Catalog> {
  const { DatabaseSync: Database } = await import('node:sqlite');
  try {
    const fileBytes = statSync(path).size;
    const database = new Database(path, { readOnly: true, timeout: BUSY_MS_MAX });
    try {
      return catalogOf(database, path, fileBytes);
    } finally {
      database.close();
    }
  } catch (cause) {
    const reason = fileReason(cause, path, 'read');
    throw new CodedError('ERR_DATABASE', `Cannot read the database ${path}: ${reason}.`, { cause });
  }
}

function catalogOf(database: DatabaseSync, path: string, fileBytes: number): Catalog {
  const names = database
    .prepare(
      "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' " +
        "escape '\\' and sql not like 'create virtual%' order by name",
    )
    .all()
    .map(({ name }) => String(name));
  const counted = names.slice(0, TABLES_MAX).map((name) => unsized(database, name));
  const allRows = counted.reduce((sum, { rows }) => sum + rows, 0);
  const isMeasured = fileBytes <= MEASURED_BYTES_MAX;
  const sizeOf = database.prepare('select sum(pgsize) as bytes from dbstat where name = ?');
  return {
    kind: 'sqlite',
    name: path,
    tables: counted.map((table) => ({
      ...table,
      bytes: isMeasured
        ? Number(sizeOf.get(table.name)?.['bytes'] ?? 0)
        : (fileBytes * table.rows) / Math.max(1, allRows),
    })),
    tablesLeftOut: Math.max(0, names.length - TABLES_MAX),
    useSeconds: undefined,
  };
}

function unsized(database: DatabaseSync, name: string): TableFacts {
  const columns = database
    .prepare('select name, type, pk from pragma_table_xinfo(?) where hidden = 0 limit ?')
    .all(name, COLUMNS_MAX);
  const key = columns
    .filter(({ pk }) => Number(pk) > 0)
    .sort((a, b) => Number(a['pk']) - Number(b['pk']));
  const rows = database
    .prepare(`select count(*) as rows from (select 1 from ${quoted(name)} limit ?)`)
    .get(COUNTED_ROWS_MAX);
  return {
    schema: undefined,
    name,
    columns: columns.map(({ name: column, type }) => ({
      name: String(column),
      kind: kindOf(String(type)),
    })),
    key: key.map(({ name: column }) => String(column)),
    rows: Number(rows?.['rows'] ?? 0),
    bytes: 0,
    use: undefined,
  };
}

/** SQLite's own rules of affinity, and the names that applications give times. */
function kindOf(type: string): Column['kind'] {
  if (/date|time/i.test(type)) return 'time';
  if (/bool/i.test(type)) return 'other';
  if (/int|real|floa|doub|num|dec/i.test(type)) return 'number';
  if (/char|clob|text/i.test(type)) return 'text';
  return type === '' || /blob/i.test(type) ? 'bytes' : 'other';
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
