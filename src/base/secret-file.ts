import type { Logger } from './log/logger.ts';
import { readRegularFile } from './read-file.ts';

/** The permission bits that let other users of the machine read or change a file. */
const OTHERS_READ_OR_WRITE = 0o006;

/**
 * Reads a file of secrets as `readRegularFile` does. The log gets a warning if every user of the
 * machine can open it; its group may: a node often runs as another user than the file's owner.
 */
export async function readSecretFile(
  path: string,
  bytesMax: number,
  log: Logger | undefined,
): Promise<Buffer> {
  const { bytes, mode } = await readRegularFile(path, bytesMax);
  if ((mode & OTHERS_READ_OR_WRITE) !== 0) {
    log?.warn(
      { file: path },
      `every user of this machine can open ${path}; run: chmod o-rw ${path}`,
    );
  }
  return bytes;
}
