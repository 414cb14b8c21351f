import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileReason } from '../../base/index.ts';

/** A longer file is no pid file. */
const PID_FILE_BYTES_MAX = 64;

/** A pid file that this process has written. */
export interface PidFile {
  /** Removes the file, unless another process has replaced it. */
  remove(): void;
}

/**
 * memcached's `-P`: writes the process id to a file, in place of an older pid file. It appears
 * complete. As with memcached, the node runs without the file if it cannot write it: `warn` gets
 * the reason.
 */
export function writePidFile(path: string, warn: (line: string) => void): PidFile {
  const own = `${process.pid}\n`;
  const old = textOf(path);
  if (old === undefined || !/^\s*\d*\s*$/.test(old)) {
    warn(`The file ${path} is no pid file: the node does not overwrite it (-P).`);
    return { remove: () => {} };
  }
  const other = runningPidOf(old);
  if (other !== undefined) {
    warn(`The pid file ${path} has the number of a running process, ${other}.`);
  }
  write(path, own, warn);
  return {
    remove: () => {
      if (textOf(path) === own) rmSync(path, { force: true });
    },
  };
}

function write(path: string, text: string, warn: (line: string) => void): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { flag: 'wx', mode: 0o644 });
    renameSync(draft, path);
  } catch (error) {
    warn(`Cannot write the pid file ${path}: ${fileReason(error, path, 'write')}.`);
    rmSync(draft, { force: true });
  }
}

function runningPidOf(text: string): number | undefined {
  const pid = Number(text.trim());
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : undefined;
  }
}

/**
 * The text of the pid file at a path, empty without one. Undefined for anything else that stands
 * there: a FIFO would block the read, and the write would replace a device.
 */
function textOf(path: string): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return '';
    const isPidFile = stats.isFile() && stats.size <= PID_FILE_BYTES_MAX;
    return isPidFile ? readFileSync(path, 'latin1') : undefined;
  } catch {
    return '';
  }
}
