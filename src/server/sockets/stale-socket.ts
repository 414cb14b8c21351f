import { lstatSync, renameSync } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { CodedError } from '../../base/index.ts';

/**
 * Removes the socket that a node left at its end, so that the path is free. It removes nothing
 * else: no file, no link, and no socket that a program listens on or may listen on.
 * @throws {CodedError} `ERR_SOCKET_PATH` if the path is not free then.
 */
export async function clearStaleSocket(path: string): Promise<void> {
  const kind = await kindOf(path);
  if (kind === 'nothing') return;
  if (kind !== 'a socket') throw socketPathError(path, `the path is taken by ${kind}`);
  const error = await connectError(path);
  if (error === undefined) throw socketPathError(path, 'another program listens on it');
  if (error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT') {
    const reason = `another program may listen on it (${error.message})`;
    throw socketPathError(path, reason, error);
  }
  await rm(path, { force: true });
}

/**
 * Returns what closes the listener of a Unix socket. The close removes its path (libuv does so),
 * whatever stands there. What another program has put there since stays: it has another name for
 * the moment of the close.
 */
export function socketCloser(server: Server, path: string): () => void {
  const own = identityAt(path);
  return () => {
    const found = identityAt(path);
    const spare = `${path}.${process.pid}`;
    const isSpared = found !== undefined && found !== own && moved(path, spare);
    server.close();
    if (isSpared) moved(spare, path);
  };
}

/** Device and number of the file at a path; undefined without one. */
function identityAt(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

/** Renames a file; returns whether the system allows it. If not, nor does it allow the removal. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

export function socketPathError(path: string, reason: string, cause?: unknown): CodedError {
  return new CodedError(
    'ERR_SOCKET_PATH',
    `Cannot listen on the Unix socket ${path}: ${reason}. Choose another path with -s.`,
    { cause },
  );
}

async function kindOf(path: string): Promise<string> {
  try {
    const entry = await lstat(path);
    if (entry.isSocket()) return 'a socket';
    if (entry.isSymbolicLink()) return 'a symbolic link';
    return entry.isDirectory() ? 'a folder' : 'a file';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'nothing';
    throw socketPathError(path, message, error);
  }
}

/** The error of a connection attempt; undefined if a program accepts it. */
function connectError(path: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', resolve);
  });
}
