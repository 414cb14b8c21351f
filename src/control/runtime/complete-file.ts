import { closeSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Gives a file its name once `write` has completed it. Another process may write the same one, such
 * as a dump whose manager died: each writes in a new folder beside the file.
 * @param write gets the path to write to.
 */
export async function completeFile<T>(
  file: string,
  write: (path: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(`${file}.`);
  try {
    const path = join(folder, 'items');
    const result = await write(path);
    renameSync(path, file);
    syncFolder(dirname(file));
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A new name is on the disk only when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
