/** `slabring manage attach`: the code that it prints runs beside real databases and clusters. */
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { ManagerProcess, WAIT_MS } from '../support/manager-process.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import { startPostgres, whyNoPostgres } from '../support/postgres.ts';

const run = promisify(execFile);
const PRELOAD = new URL('../support/package-preload.ts', import.meta.url).href;

interface Found {
  readonly endpoint?: string;
  readonly snippet: string;
  readonly proposal: { readonly nodes: number; readonly nodeType: string };
  readonly tables: readonly {
    readonly name: string;
    readonly kind: string;
    readonly rows: number;
    readonly key: readonly string[];
    readonly use?: { readonly lookups: number };
  }[];
}

describe('slabring manage attach', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: ManagerProcess;
  beforeAll(async () => {
    folder = await temporaryFolder();
    manager = new ManagerProcess(`${folder.path}/data`, await freePort());
    await manager.start();
  }, WAIT_MS);
  afterAll(async () => {
    for (const id of ['sqlite-cache', 'shop-cache']) {
      await manager.send(`Action=DeleteCacheCluster&CacheClusterId=${id}`);
    }
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);

  async function attach(...args: readonly string[]) {
    const env = {
      AWS_ENDPOINT_URL_ELASTICACHE: manager.url,
      AWS_ACCESS_KEY_ID: manager.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: manager.keys.secretAccessKey,
    };
    const verb = startVerb(['manage', 'attach', ...args], { env });
    const { code } = await verb.exited;
    return { code, out: verb.stdout, err: verb.stderr };
  }

  const found = async (...args: readonly string[]): Promise<Found> => {
    const { code, out, err } = await attach('--json', ...args);
    expect([code, err]).toEqual([0, '']);
    return JSON.parse(out) as Found;
  };

  /**
   * Runs the printed code in a program. `write` changes a row behind the back of the cache: what is
   * read then comes from the cache if it is old.
   */
  async function readsOf(snippet: string, write: string, env: object): Promise<unknown> {
    await writeFile(`${folder.path}/cache.mjs`, snippet);
    const program = [
      "import { changed, close, read } from './cache.mjs';",
      `const write = ${write};`,
      // The connection is open after it, also on a slow machine.
      "await read('products', 8).catch(() => {});",
      "const price = async () => (await read('products', 7))?.price;",
      "const seen = async (id) => (await read('sessions', id))?.data;",
      'const shown = [await price()];',
      "await write('products', 'price = 2', 'id = 7');",
      'shown.push(await price());',
      "await changed('products', 7);",
      'shown.push(await price());',
      "for (const id of ['live', 'over']) {",
      '  shown.push(await seen(id));',
      "  await write('sessions', `data = 'new'`, `sid = '` + id + `'`);",
      '  shown.push(await seen(id));',
      "  await changed('sessions', id);",
      '  shown.push(await seen(id));',
      '}',
      "shown.push(await read('products', 99_999), await read('stock', 'a b', 1));",
      'await close();',
      'console.log(JSON.stringify(shown, (_, value) => value ?? null));',
    ];
    const file = `${folder.path}/program.mjs`;
    await writeFile(file, program.join('\n'));
    const args = ['--no-warnings', '--import', PRELOAD, file];
    const { stdout } = await run(process.execPath, args, { env: { ...process.env, ...env } });
    return JSON.parse(stdout);
  }

  /** Before and after a write, and after `changed`; an item of an expired row is not kept. */
  const EXPECTED = [1, 1, 2, 'old', 'old', 'new', 'old', 'new', 'new', null];

  test('the code for SQLite reads from the cache, and the new row after a write', async () => {
    const path = `${folder.path}/sqlite.db`;
    const database = new DatabaseSync(path);
    database.exec(
      'create table products (id integer primary key, name text, price real, picture blob);' +
        'create table sessions (sid text primary key, data text, expires_at text);' +
        'create table stock (place text, part int, amount int, primary key (place, part));' +
        "insert into products values (7, 'tea', 1, x'00ff'), (8, 'milk', 1, null);" +
        "insert into stock values ('a b', 1, 5);" +
        "insert into sessions values ('live', 'old', datetime('now', '+1 hour')), " +
        "('over', 'old', datetime('now', '-1 hour'));",
    );
    database.close();
    const { endpoint, snippet, tables, proposal } = await found(
      `--database=sqlite:${path}`,
      '--create',
    );
    expect(tables.map(({ name, kind }) => [name, kind])).toEqual([
      ['products', 'lookup'],
      ['sessions', 'expiring'],
      ['stock', 'lookup'],
    ]);
    expect([proposal.nodes, proposal.nodeType]).toEqual([2, 'slabring.64x1']);
    const write =
      'await (async () => { const { DatabaseSync } = await import("node:sqlite");' +
      `const file = new DatabaseSync(${JSON.stringify(path)});` +
      'return (...to) => file.exec(' +
      "['update', to[0], 'set', to[1], 'where', to[2]].join(' ')); })()";
    const env = { CACHE_ENDPOINT: endpoint };
    const stock = { place: 'a b', part: 1, amount: 5 };
    expect(await readsOf(snippet, write, env)).toEqual([...EXPECTED, stock]);
    expect(await manager.available('sqlite-cache')).toContain('<NumCacheNodes>2</NumCacheNodes>');
  });

  test('the code for PostgreSQL does the same', async ({ skip }) => {
    const reason = whyNoPostgres();
    if (reason !== undefined) skip(reason);
    const { url, sql, stop } = await startPostgres(folder.path);
    try {
      await sql.unsafe(
        'create table products (id int primary key, name text, price int, picture bytea);' +
          'create table sessions (sid text primary key, data text, expires_at timestamptz);' +
          'create table stock (place text, part int, amount int, primary key (place, part))' +
          '  partition by list (part);' +
          'create table stock_1 partition of stock for values in (1);' +
          "insert into products select id, 'tea', 1, '\\x00' from generate_series(1, 5000) id;" +
          "insert into stock values ('a b', 1, 5);" +
          "insert into sessions values ('live', 'old', now() + interval '1 hour'), " +
          "  ('over', 'old', now() - interval '1 hour');",
      );
      await sql.unsafe('analyze');
      const { endpoint, snippet, tables } = await found(`--database=${url}`, '--create');
      const facts = tables.map(({ name, kind, rows, key }) => [name, kind, rows, key]).sort();
      expect(facts).toEqual([
        ['products', 'record', 5000, ['id']],
        ['sessions', 'expiring', 2, ['sid']],
        ['stock', 'lookup', 1, ['place', 'part']],
      ]);
      const write =
        'await (async () => { const { default: postgres } = await import("postgres");' +
        `const sql = postgres(${JSON.stringify(url)}, { max: 1, idle_timeout: 1 });` +
        'return (...to) => sql.unsafe(' +
        "['update', to[0], 'set', to[1], 'where', to[2]].join(' ')); })()";
      const env = { CACHE_ENDPOINT: endpoint, DATABASE_URL: url };
      const stock = { place: 'a b', part: 1, amount: 5 };
      expect(await readsOf(snippet, write, env)).toEqual([...EXPECTED, stock]);
      // It has closed its connection.
      const [{ sessions }] = await sql.unsafe<[{ sessions: string }]>(
        "select count(*) as sessions from pg_stat_activity where application_name = 'slabring'",
      );
      expect(sessions).toBe('0');
    } finally {
      await stop();
    }
  });

  test('a file that exists is found before a cluster is made', async () => {
    const path = `${folder.path}/names.db`;
    const database = new DatabaseSync(path);
    database.exec('create table "a\u001b[31mb" (id integer primary key)');
    database.close();
    const file = `${folder.path}/taken.mjs`;
    await writeFile(file, 'mine');
    const args = [`--database=sqlite:${path}`, `--snippet=${file}`];
    const { code, err } = await attach(...args, '--create');
    expect([code, err]).toEqual([1, expect.stringContaining('it exists; name another one')]);
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(await manager.ask('Action=DescribeCacheClusters')).not.toContain('names-cache');
    await rm(file);
    const { out } = await attach(...args);
    expect(out).toContain('a\\u001b[31mb');
    expect(await readFile(file, 'utf8')).toContain('export');
  });

  test('a database that cannot be read is a sentence, and nothing is created', async () => {
    const missing = await attach(`--database=sqlite:${folder.path}/none.db`, '--create');
    expect(missing).toMatchObject({ code: 1, out: '' });
    expect(missing.err).toMatch(/^slabring: Cannot read the database .*: there is no such file/);
    const refused = await attach('--database=postgres://app@127.0.0.1:1/shop');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('The catalog of the database cannot be read: ');
    const bad = await attach('--database=postgres://app@[shop');
    expect(bad).toMatchObject({ code: 1, out: '' });
    expect(bad.err).toContain('The catalog of the database cannot be read: ');
    const other = await attach('--database=mysql://x');
    expect(other.code).toBe(2);
    expect(other.err).toContain('postgres://');
  });
});
