import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { CodedError, fileReason } from '../../base/index.ts';

/** Only its owner may read a snapshot: it holds the values of a cache. */
const FILE_MODE = 0o600;

/** The name of a file that is not complete yet. */
export const partOf = (path: string): string => `${path}.part`;

/**
 * A file that appears under its name only when it is complete and on the disk. Until then it has
 * the suffix `.part`, and a file that had the name before keeps it.
 */
export class AtomicFile {
  bytes = 0;
  readonly #path: string;
  readonly #partPath: string;
  readonly #descriptor: number;
  #isOpen = true;

  /**
   * @param isClaimed whether `claim` has created it: without it, the name belongs to somebody else.
   * @throws {CodedError} `ERR_SNAPSHOT_FILE`, as all methods.
   */
  constructor(path: string, isClaimed = false) {
    checkName(path, false);
    this.#path = path;
    this.#partPath = partOf(path);
    if (isClaimed && !existsSync(this.#partPath)) throw superseded(path);
    const flags = isClaimed ? 'r+' : 'w';
    this.#descriptor = withFile(path, () => openSync(this.#partPath, flags, FILE_MODE));
  }

  /** Announces a file that will be written later; `partOf` removed means that it must not be. */
  static claim(path: string): void {
    withFile(path, () => closeSync(openSync(partOf(path), 'w', FILE_MODE)));
  }

  write(bytes: Buffer): void {
    withFile(this.#path, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
    });
    this.bytes += bytes.length;
  }

  /** Gives the complete file its name. */
  commit(): void {
    withFile(this.#path, () => {
      fsyncSync(this.#descriptor);
      this.#close();
      renameSync(this.#partPath, this.#path);
      syncFolder(dirname(this.#path));
    });
  }

  /** Removes what was written. */
  abandon(): void {
    this.#close();
    rmSync(this.#partPath, { force: true });
  }

  #close(): void {
    if (this.#isOpen) closeSync(this.#descriptor);
    this.#isOpen = false;
  }
}

/**
 * A file that gets a name replaces what had it: also a device or a pipe, if nobody looks.
 * @throws {CodedError} `ERR_SNAPSHOT_FILE` if the name belongs to something else than a file.
 */
function checkName(path: string, mayBePipe: boolean): void {
  const stats = withFile(path, () => statSync(path, { throwIfNoEntry: false }));
  if (stats === undefined || stats.isFile() || (mayBePipe && stats.isFIFO())) return;
  const kind = stats.isDirectory() ? 'a folder; name a file in it' : 'no regular file; name one';
  throw new CodedError('ERR_SNAPSHOT_FILE', `Cannot write the snapshot ${path}: it is ${kind}.`);
}

/**
 * Finds out early whether a file can be written later. A pipe may bring the items of a warm
 * restart: it is read once, and removed, as a file is.
 * @throws {CodedError} `ERR_SNAPSHOT_FILE` if the name belongs to something else than a file, or
 *   its folder takes no files of this user.
 */
export function checkWritable(path: string): void {
  checkName(path, true);
  withFile(path, () => accessSync(dirname(path), constants.W_OK | constants.X_OK));
}

const superseded = (path: string): CodedError =>
  new CodedError(
    'ERR_SNAPSHOT_FILE',
    `Did not write the snapshot ${path}: the next node has started with that name.`,
  );

/** A new name is on the disk only when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Does something with a file; says what failed, to which file, and what to do. */
export function withFile<T>(path: string, action: () => T, use: 'read' | 'write' = 'write'): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause)) throw cause;
    const message = `Cannot ${use} the snapshot ${path}: ${fileReason(cause, path, use)}.`;
    throw new CodedError('ERR_SNAPSHOT_FILE', message, { cause });
  }
}
