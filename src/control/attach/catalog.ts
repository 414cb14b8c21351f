/** What `attach` knows of a database: names, counts and sizes, and never a value. */

/** What a column holds, as far as it matters here. */
type ColumnKind = 'number' | 'time' | 'text' | 'bytes' | 'other';

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
}

export interface TableFacts {
  /** Undefined: the database has no schemas. */
  readonly schema: string | undefined;
  readonly name: string;
  readonly columns: readonly Column[];
  /** The names of the columns of its primary key, in their order. */
  readonly key: readonly string[];
  /** An estimate. */
  readonly rows: number;
  /** Of all rows, without indexes. */
  readonly bytes: number;
  readonly use: TableUse | undefined;
}

/** Counts since the statistics of the database began. */
export interface TableUse {
  /** Rows read by an index. */
  readonly lookups: number;
  readonly scans: number;
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
}

export interface Catalog {
  readonly kind: 'postgres' | 'sqlite';
  /** Of the database; it has no password. */
  readonly name: string;
  readonly tables: readonly TableFacts[];
  /** Tables beyond the bound. */
  readonly tablesLeftOut: number;
  /** The age of the statistics in seconds; undefined: nobody knows it. */
  readonly useSeconds: number | undefined;
}

/** The largest tables of a database are enough to size a cache. */
export const TABLES_MAX = 500;
