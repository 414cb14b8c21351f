/** The module that `attach` prints: cache-aside for the tables of a database; pure. */
import type { Catalog, TableFacts } from './catalog.ts';
import type { Strategy } from './strategy.ts';

/** A longer list hides the code; the others follow the same pattern. */
const TABLES_SHOWN_MAX = 50;

/**
 * A module for `slabring` with one entry for each cached table.
 * @param endpoint `host:port` of the cluster, if it exists.
 */
export function snippetFor(
  { kind, name }: Catalog,
  strategies: readonly Strategy[],
  endpoint: string,
): string {
  const cached = strategies.filter(({ isCached }) => isCached);
  const shown = cached.slice(0, TABLES_SHOWN_MAX);
  const names = uniqueNames(shown.map(({ table }) => table));
  const rows = shown.map((each, nth) => tableLine(names[nth]!, each));
  const more = cached.length - shown.length;
  return [
    '// Cache-aside for the tables below: `read` asks the cache first, and `changed` invalidates.',
    kind === 'postgres' ? POSTGRES_HEAD(endpoint) : SQLITE_HEAD(endpoint, name),
    '/** ttl: seconds. expires: the column by which a row, and so its item, expires. */',
    'const TABLES = {',
    ...rows,
    ...(more === 0 ? [] : [`  // ${more} more tables follow the same pattern.`]),
    '};',
    BODY(shown.some(({ expires }) => expires !== undefined)),
    kind === 'postgres' ? POSTGRES_LOAD : SQLITE_LOAD,
  ].join('\n');
}

const POSTGRES_HEAD = (endpoint: string): string => `import postgres from 'postgres';
import { createClient } from 'slabring';

const sql = postgres(process.env.DATABASE_URL);
const nodes = [process.env.CACHE_ENDPOINT ?? ${literal(endpoint)}];
const cache = createClient({ nodes, keys: 'hash' });
`;

const SQLITE_HEAD = (endpoint: string, path: string): string =>
  `import { DatabaseSync } from 'node:sqlite';
import { createClient } from 'slabring';

const database = new DatabaseSync(process.env.DATABASE_FILE ?? ${literal(path)});
const nodes = [process.env.CACHE_ENDPOINT ?? ${literal(endpoint)}];
const cache = createClient({ nodes, keys: 'hash' });
`;

const BODY = (hasExpiring: boolean): string => `
/** One name for each row; the client hashes those that are too long for a key. */
const keyOf = (table, key) => [table, ...key].map((part) => encodeURIComponent(part)).join(':');
/** A row has the same form from the cache and from the database. */
const plain = (row) => (row === undefined ? undefined : JSON.parse(JSON.stringify(row)));

/** A row by its primary key: \`await read('users', 7)\`; undefined if there is none. */
export async function read(table, ...key) {
  const { ttl${hasExpiring ? ', expires' : ''} } = TABLES[table];
  const name = keyOf(table, key);
  const fromDatabase = async () => plain(await load(TABLES[table], key));
${hasExpiring ? EXPIRING_CALL : ''}  const options = { ttl, jitter: 0.1, negativeTtl: 5 };
  return cache.getOrSet(name, fromDatabase, options);
}

/** Call it after each committed write of a row: \`await changed('users', 7)\`. */
export const changed = (table, ...key) => cache.delete(keyOf(table, key));

export async function close() {
  await cache.close();
  await closeDatabase();
}
${hasExpiring ? EXPIRING : ''}`;

const EXPIRING_CALL =
  '  if (expires !== undefined) return readExpiring(name, fromDatabase, expires);\n';

const EXPIRING = `
/** The lease makes sure that a row which has changed since is not stored. */
async function readExpiring(name, fromDatabase, expires) {
  const found = await cache.fetch(name, { leaseSeconds: 10 }).catch(() => undefined);
  if (found?.value !== undefined) return found.value;
  const row = await fromDatabase();
  const left = row === undefined ? 0 : Math.floor((timeOf(row[expires]) - Date.now()) / 1000);
  const ttl = Math.min(left, 30 * 86_400);
  if (ttl > 0 && found?.wonLease) await cache.cas(name, row, found.cas, { ttl }).catch(() => {});
  return row;
}

/** Milliseconds since 1970, of a time, a text, or seconds. */
function timeOf(value) {
  const hasNoZone = /^[\\d-]+[ T][\\d:.]+$/.test(value);
  if (!/^\\d+$/.test(value)) return Date.parse(hasNoZone ? \`\${value}Z\` : value);
  return Number(value) < 1e11 ? 1000 * Number(value) : Number(value);
}
`;

const POSTGRES_LOAD = `
async function load({ from, key, columns }, values) {
  const where = key.map((column, nth) => \`\${column} = $\${nth + 1}\`).join(' and ');
  const [row] = await sql.unsafe(\`select \${columns} from \${from} where \${where}\`, values);
  return row;
}

const closeDatabase = () => sql.end();
`;

const SQLITE_LOAD = `
function load({ from, key, columns }, values) {
  const where = key.map((column) => \`\${column} = ?\`).join(' and ');
  return database.prepare(\`select \${columns} from \${from} where \${where}\`).get(...values);
}

const closeDatabase = () => database.close();
`;

/** `users`, or `shop.users` where two schemas have such a table. */
function uniqueNames(tables: readonly TableFacts[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { name } of tables) counts.set(name, (counts.get(name) ?? 0) + 1);
  return tables.map(({ schema, name }) => (counts.get(name) === 1 ? name : `${schema}.${name}`));
}

function tableLine(name: string, { table, ttl, expires, kind }: Strategy): string {
  const from = [table.schema, table.name].filter((part) => part !== undefined).map(quoted);
  // Bytes have no JSON.
  const hasBytes = table.columns.some((column) => column.kind === 'bytes');
  const withJson = table.columns.filter((column) => column.kind !== 'bytes');
  const columns = hasBytes ? withJson.map((column) => quoted(column.name)).join(', ') : '*';
  const life = expires === undefined ? `ttl: ${ttl}` : `expires: ${literal(expires)}`;
  const parts = [
    `from: ${literal(from.join('.'))}`,
    `key: [${table.key.map((column) => literal(quoted(column))).join(', ')}]`,
    `columns: ${literal(columns)}`,
    life,
  ];
  return `  [${literal(name)}]: { ${parts.join(', ')} }, // ${kind}`;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text of JavaScript; names of a database may have any characters. */
const literal = (text: string): string =>
  /^[^'\\\p{C}\u2028\u2029]*$/u.test(text)
    ? `'${text}'`
    : JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
