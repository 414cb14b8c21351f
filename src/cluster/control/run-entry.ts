import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { isPrivateFolder, openPrivateFolder } from './private-folder.ts';

/** The socket of a supervisor, in its folder. */
const SOCKET = 'control.sock';
/** The nodes of a killed supervisor drain and write their items within this time. */
export const ORPHANS_MS_MAX = 120_000;

/** The folder of a running supervisor, where `slabring restart` finds it. */
export interface RunEntry {
  /** The folder of the files that keep the items: the given one, or a temporary one. */
  readonly folder: string;
  /** A path of the socket that is short enough for the system. */
  readonly socketPath: string;
  /**
   * Removes what is temporary. The socket of a given folder may be that of another supervisor:
   * each removes its own when it stops to listen.
   */
  remove(): void;
}

/**
 * Where the supervisors of this user are: `<pid>-<random>` for each, a folder or a link to one. It
 * is the same in every terminal of the user.
 */
const runFolder = (): string => join(tmpdir(), `slabring-clusters-${userInfo().uid}`);

/** The socket in the folder of a supervisor. */
export const socketIn = (folder: string): string => join(folder, SOCKET);

/**
 * Registers this process as a supervisor.
 * @param stateFolder its folder; undefined for a temporary one.
 * @throws {CodedError} `ERR_STATE_FOLDER`
 */
export async function registerSupervisor(stateFolder: string | undefined): Promise<RunEntry> {
  let root: string;
  try {
    root = openPrivateFolder(runFolder());
  } catch (error) {
    if (stateFolder === undefined) throw error;
    return { folder: stateFolder, socketPath: socketIn(stateFolder), remove: () => {} };
  }
  await removeDeadEntries(root);
  const entry = mkdtempSync(join(root, `${process.pid}-`));
  if (stateFolder !== undefined) {
    rmSync(entry, { recursive: true });
    symlinkSync(stateFolder, entry);
  }
  return {
    folder: stateFolder ?? entry,
    socketPath: socketIn(entry),
    remove: () => rmSync(entry, { recursive: true, force: true }),
  };
}

/** The sockets of all entries; those of supervisors that were killed may be among them. */
export function registeredSockets(root = runFolder()): readonly string[] {
  // What another user put there would tell this one anything.
  const names = isPrivateFolder(root) ? entriesOf(root) : [];
  return names.map((name) => socketIn(join(root, name)));
}

/** Removes what supervisors left that were killed. */
async function removeDeadEntries(root: string): Promise<void> {
  for (const name of entriesOf(root)) {
    const entry = join(root, name);
    if (isRunning(Number.parseInt(name, 10)) || (await isAnswered(socketIn(entry)))) continue;
    // Of a link it removes only the link.
    rmSync(entry, { recursive: true, force: true });
  }
}

function entriesOf(root: string): readonly string[] {
  try {
    return readdirSync(root).filter((name) => /^\d+-\w+$/.test(name));
  } catch {
    return [];
  }
}

/** Whether a process listens on a socket. */
export function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** A process of another user counts as one that runs. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
