/**
 * How commands find the admin ports of the nodes that the same user runs on this machine: each node
 * leaves a record in a folder that nobody else can open.
 */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** What a node says of its admin port. */
export interface AdminRecord {
  readonly pid: number;
  /** The URL of the port, as this machine reaches it. */
  readonly url: string;
  /** The addresses that clients of the cache connect to. */
  readonly nodes: readonly string[];
  /** The nodes of its cluster, as clients name them; empty without a cluster. */
  readonly cluster: readonly string[];
  /** The token that the node made; it has `tokenFile` if its options name one. */
  readonly token?: string;
  readonly tokenFile?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const OTHERS = 0o077;
const RECORD_BYTES_MAX = 64 * 1024;
const SUFFIX = '.json';
/** The folder of the service of systemd, which root may look into. */
const SERVICE_FOLDER = '/run/slabring/admin';

/**
 * Writes the record of a node; returns what removes it. Undefined if this system has no folder that
 * only the user can open.
 */
export function writeRecord(record: AdminRecord, env: Environment): (() => void) | undefined {
  const folder = foldersOf(env).find(isMadePrivate);
  if (folder === undefined) return undefined;
  const path = join(folder, `${new URL(record.url).port}${SUFFIX}`);
  const part = `${path}.${record.pid}`;
  try {
    writeFileSync(part, JSON.stringify(record), { mode: 0o600 });
    renameSync(part, path);
  } catch {
    return undefined;
  }
  // A killed node leaves its record.
  for (const [old, { pid }] of recordsIn(folder)) if (!isAlive(pid)) rmSync(old, { force: true });
  return () => rmSync(path, { force: true });
}

/** The records of the nodes that run. */
export function readRecords(env: Environment): readonly AdminRecord[] {
  const folders = new Set([...foldersOf(env), SERVICE_FOLDER].filter(isPrivate));
  return [...folders].flatMap((folder) =>
    recordsIn(folder).flatMap(([, record]) => (isAlive(record.pid) ? [record] : [])),
  );
}

/** Where records may be, the best place first. */
function foldersOf(env: Environment): readonly string[] {
  const user = process.getuid?.() ?? userInfo().username;
  const { RUNTIME_DIRECTORY: service, XDG_RUNTIME_DIR: session } = env;
  return [
    ...(service ? [join(service.split(':')[0]!, 'admin')] : []),
    ...(session ? [join(session, 'slabring')] : []),
    ...(process.platform === 'linux' ? [`/run/user/${user}/slabring`] : []),
    join(tmpdir(), `slabring-${user}`),
  ];
}

function isMadePrivate(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch {
    // It exists, or the folder above does not.
  }
  return isPrivate(folder);
}

/** Whether the folder is none that another user could have made or can open. */
function isPrivate(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) return false;
  const own = process.getuid?.();
  if (own === undefined) return true;
  const isOwn = stats.uid === own || (own === 0 && folder === SERVICE_FOLDER);
  return isOwn && (stats.mode & OTHERS) === 0;
}

function recordsIn(folder: string): readonly (readonly [path: string, record: AdminRecord])[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(SUFFIX))
      .flatMap((name) => {
        const record = recordAt(join(folder, name));
        return record === undefined ? [] : [[join(folder, name), record] as const];
      });
  } catch {
    return [];
  }
}

/** The record in a file; undefined if the file has none, or was removed. */
function recordAt(path: string): AdminRecord | undefined {
  try {
    if (statSync(path).size > RECORD_BYTES_MAX) return undefined;
    const record = JSON.parse(readFileSync(path, 'utf8')) as Partial<AdminRecord>;
    const { pid, url = '', nodes, cluster } = record;
    const isRecord = Number.isInteger(pid) && URL.canParse(url);
    if (!isRecord || !Array.isArray(nodes) || !Array.isArray(cluster)) return undefined;
    return record as AdminRecord;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
