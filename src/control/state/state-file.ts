import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { CodedError } from '../../base/index.ts';
import type { Policy } from '../access/policy.ts';
import type { Kind, Records } from '../model/records.ts';
import { SCHEMA, SCHEMA_VERSION } from './schema.ts';

export type Tags = Readonly<Record<string, string>>;

/** Something that happened, as DescribeEvents shows it. */
interface EventRecord {
  readonly sourceType: string;
  readonly sourceId: string;
  readonly message: string;
  readonly atMs: number;
}

interface EventFilter {
  readonly sourceType?: string | undefined;
  readonly sourceId?: string | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Only events after the one with this number. */
  readonly after: number;
  readonly limit: number;
}

interface AccessKey {
  readonly id: string;
  readonly secret: string;
  readonly policy: Policy;
}

/** Events are kept so long. Source: ElastiCache. */
const EVENTS_DAYS = 14;
const EVENTS_MAX = 100_000;
/** Another process may hold the file for so long when it is opened. */
const BUSY_MS = 1000;
const SQLITE_BUSY = 5;
/** It has secrets. SQLite gives the files beside it the mode of this one. */
const MODE = 0o600;

/**
 * What is wanted, in one file. A change is in the file when its transaction returns, whatever
 * becomes of this process.
 */
export class StateFile {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Until it is closed, no other process can open the file.
   * @throws {CodedError} `ERR_STATE_FILE` if it cannot be opened, or is of a newer slabring.
   */
  static open(path: string): StateFile {
    let database: DatabaseSync | undefined;
    try {
      if (path !== ':memory:') makePrivate(path);
      database = new DatabaseSync(path, { timeout: BUSY_MS });
      // SQLite gives the lock of a file in WAL mode back, unless it is exclusive before.
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;');
      database.exec('PRAGMA synchronous = FULL;');
      const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
      if (version > SCHEMA_VERSION) {
        throw new Error(
          `it has format ${version}, of a newer slabring (this one: ${SCHEMA_VERSION})`,
        );
      }
      database.exec(SCHEMA);
      return new StateFile(database);
    } catch (cause) {
      database?.close();
      const reason = reasonOf(cause);
      const text = `The state of the managed clusters cannot be opened: ${path}: ${reason}.`;
      throw new CodedError('ERR_STATE_FILE', text, { cause });
    }
  }

  close(): void {
    this.#database.close();
  }

  /** All of it or nothing. It may not wait for anything. */
  transaction<T>(run: () => T): T {
    if (this.#database.isTransaction) return run();
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = run();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // After some errors, such as a full disk, SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  get<K extends Kind>(kind: K, id: string): Records[K] | undefined {
    const row = this.#prepare('SELECT record FROM resources WHERE kind = ? AND id = ?').get(
      kind,
      id,
    );
    return row === undefined ? undefined : (JSON.parse(String(row['record'])) as Records[K]);
  }

  /** In the order of their ids, those after one. */
  list<K extends Kind>(kind: K, after = '', limit = -1): readonly Records[K][] {
    return this.#prepare(
      'SELECT record FROM resources WHERE kind = ? AND id > ? ORDER BY id LIMIT ?',
    )
      .all(kind, after, limit)
      .map((row) => JSON.parse(String(row['record'])) as Records[K]);
  }

  count(kind: Kind): number {
    const row = this.#prepare('SELECT count(*) AS n FROM resources WHERE kind = ?').get(kind);
    return Number(row?.['n']);
  }

  put<K extends Kind>(kind: K, id: string, record: Records[K]): void {
    this.#prepare('INSERT OR REPLACE INTO resources (kind, id, record) VALUES (?, ?, ?)').run(
      kind,
      id,
      JSON.stringify(record),
    );
  }

  /** With its tags. */
  remove(kind: Kind, id: string): void {
    this.#prepare('DELETE FROM resources WHERE kind = ? AND id = ?').run(kind, id);
    this.#prepare('DELETE FROM tags WHERE kind = ? AND id = ?').run(kind, id);
  }

  tagsOf(kind: string, id: string): Tags {
    const rows = this.#prepare(
      'SELECT key, value FROM tags WHERE kind = ? AND id = ? ORDER BY key',
    ).all(kind, id);
    return Object.fromEntries(rows.map((row) => [String(row['key']), String(row['value'])]));
  }

  setTags(kind: string, id: string, tags: Tags): void {
    this.transaction(() => {
      this.#prepare('DELETE FROM tags WHERE kind = ? AND id = ?').run(kind, id);
      const insert = this.#prepare('INSERT INTO tags (kind, id, key, value) VALUES (?, ?, ?, ?)');
      for (const [key, value] of Object.entries(tags)) insert.run(kind, id, key, value);
    });
  }

  addEvent({ sourceType, sourceId, message, atMs }: EventRecord): void {
    this.#prepare(
      'INSERT INTO events (source_type, source_id, message, at_ms) VALUES (?, ?, ?, ?)',
    ).run(sourceType, sourceId, message, atMs);
    this.#prepare(
      'DELETE FROM events WHERE at_ms < ? OR number <= (SELECT max(number) FROM events) - ?',
    ).run(atMs - EVENTS_DAYS * 24 * 3600 * 1000, EVENTS_MAX);
  }

  /** The oldest one first, each with its number. */
  events({ sourceType, sourceId, fromMs, untilMs, after, limit }: EventFilter) {
    return this.#prepare(
      `SELECT number, source_type, source_id, message, at_ms FROM events
       WHERE number > ? AND at_ms >= ? AND at_ms <= ?
         AND (? IS NULL OR source_type = ?) AND (? IS NULL OR source_id = ?)
       ORDER BY number LIMIT ?`,
    )
      .all(
        ...[after, fromMs, untilMs, sourceType ?? null, sourceType ?? null],
        ...[sourceId ?? null, sourceId ?? null, limit],
      )
      .map((row) => ({
        number: Number(row['number']),
        sourceType: String(row['source_type']),
        sourceId: String(row['source_id']),
        message: String(row['message']),
        atMs: Number(row['at_ms']),
      }));
  }

  accessKey(id: string): AccessKey | undefined {
    const row = this.#prepare('SELECT secret, policy FROM access_keys WHERE id = ?').get(id);
    if (row === undefined) return undefined;
    return {
      id,
      secret: String(row['secret']),
      policy: JSON.parse(String(row['policy'])) as Policy,
    };
  }

  get hasAccessKeys(): boolean {
    return this.#prepare('SELECT 1 FROM access_keys LIMIT 1').get() !== undefined;
  }

  /** In the order of their ids. */
  accessKeys(): readonly Omit<AccessKey, 'secret'>[] {
    return this.#prepare('SELECT id, policy FROM access_keys ORDER BY id')
      .all()
      .map((row) => ({
        id: String(row['id']),
        policy: JSON.parse(String(row['policy'])) as Policy,
      }));
  }

  removeAccessKey(id: string): void {
    this.#prepare('DELETE FROM access_keys WHERE id = ?').run(id);
  }

  addAccessKey({ id, secret, policy }: AccessKey): void {
    this.#prepare('INSERT INTO access_keys (id, secret, policy) VALUES (?, ?, ?)').run(
      id,
      secret,
      JSON.stringify(policy),
    );
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Before SQLite opens it: a file that is closed later would end the lock of SQLite. */
function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', MODE));
  chmodSync(path, MODE);
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (!('errcode' in cause) || cause.errcode !== SQLITE_BUSY) return cause.message;
  return 'another slabring manage uses this folder: stop it, or name another folder with --data';
}
