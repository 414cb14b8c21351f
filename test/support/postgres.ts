import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { freePort } from './ports.ts';
import { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

const run = promisify(execFile);
const [BIN] = globSync('/usr/lib/postgresql/*/bin').sort().reverse();
/** PostgreSQL refuses to run as root; this user exists everywhere. */
const NOBODY = 65_534;
const START_MS = 60_000;

/** The reason why tests with PostgreSQL cannot run here; it prints it. */
export function whyNoPostgres(): string | undefined {
  if (BIN !== undefined) return undefined;
  const reason = 'there is no PostgreSQL in /usr/lib/postgresql (apt-get install postgresql)';
  console.warn(`skipped: ${reason}`);
  return reason;
}

interface TestPostgres {
  readonly url: string;
  readonly sql: postgres.Sql;
  stop(): Promise<void>;
}

/** Starts a server with an empty database `shop`, in a folder of its own below this one. */
export async function startPostgres(parent: string): Promise<TestPostgres> {
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = `${parent}/postgres`;
  await mkdir(folder, { mode: 0o700 });
  if (isRoot) {
    await chmod(parent, 0o755);
    await chown(folder, NOBODY, NOBODY);
  }
  const data = `${folder}/data`;
  const initdb = ['-D', data, '-U', 'app', '--auth=trust', '--no-sync', '--encoding=UTF8'];
  await run(`${BIN}/initdb`, [...initdb, '--locale=C'], { ...user, cwd: folder });
  const port = await freePort();
  const prefix = isRoot
    ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    : [];
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
  const options = settings.flatMap((setting) => ['-c', setting]);
  const server = new OwnedProcess([
    ...prefix,
    `${BIN}/postgres`,
    ...['-D', data, '-p', String(port), ...options],
  ]);
  await server.failOnExit(
    waitUntil('PostgreSQL listens', () => server.stderr.includes('ready to accept'), START_MS),
  );
  const at = `postgres://app@127.0.0.1:${port}`;
  const first = postgres(`${at}/postgres`, { max: 1 });
  await first.unsafe('create database shop');
  await first.end();
  const url = `${at}/shop`;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const stop = async (): Promise<void> => {
    await sql.end();
    // SIGINT ends its sessions, too.
    server.child.kill('SIGINT');
    await server.exited;
  };
  return { url, sql, stop };
}
