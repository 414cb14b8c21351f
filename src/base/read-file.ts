import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

/** A read that takes longer fails: a network file system can hang. */
const READ_MS_MAX = 5_000;
/** A FIFO without a writer would block a plain open, and then the exit of the process. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The paths whose file system did not reply in time, and has not replied since. */
const hungPaths = new Set<string>();

/** A file that has been read, and its permission bits. */
interface ReadFile {
  readonly bytes: Buffer;
  readonly mode: number;
}

/**
 * Reads a regular file of at most `bytesMax` bytes, and nothing else: no FIFO, device or directory.
 * @throws {Error} with the reason, also if the file system does not reply in time.
 */
export function readRegularFile(path: string, bytesMax: number): Promise<ReadFile> {
  return withinReadTime(path, () => readWhole(path, bytesMax));
}

/**
 * Runs work on a file; rejects after `msMax`. Later work on the path fails at once until the hung
 * work ends: each hung work holds a thread of Node's pool, which hashes and other files need.
 */
export async function withinReadTime<T>(
  path: string,
  work: () => Promise<T>,
  msMax = READ_MS_MAX,
): Promise<T> {
  if (hungPaths.has(path)) throw new Error('the file system still does not reply');
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    hungPaths.add(path);
    reject(new Error(`the file system did not reply within ${msMax} ms`));
  }, msMax);
  const running = work().finally(() => {
    clearTimeout(timer);
    hungPaths.delete(path);
  });
  return Promise.race([running, late]);
}

async function readWhole(path: string, bytesMax: number): Promise<ReadFile> {
  const file = await open(path, FLAGS);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}, not a regular file`);
    // The file may grow during the read.
    const bytes = Buffer.allocUnsafe(bytesMax + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      if (bytesRead === 0)
        return { bytes: Buffer.from(bytes.subarray(0, length)), mode: stats.mode };
      length += bytesRead;
      if (length > bytesMax) throw new Error(`it has more than ${bytesMax} bytes`);
    }
  } finally {
    await file.close();
  }
}

function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isDirectory() ? 'a directory' : 'a device';
}
