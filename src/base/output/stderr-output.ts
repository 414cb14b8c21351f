import { constants, fstatSync, openSync, type Stats, write as writeFile, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { BoundedOutput, type WriteBytes } from './bounded-output.ts';

const STDERR = 2;
/** A terminal whose user has stopped its output (Ctrl-S) is tried again after this time. */
const FULL_RETRY_MS = 50;

let output: BoundedOutput | undefined;

/** The one output of the process to standard error, which all writers of lines share. */
export function stderrOutput(): BoundedOutput {
  output ??= new BoundedOutput({ write: stderrWriter() });
  return output;
}

/**
 * How to write to standard error without blocking. A write to a pipe, a socket or a terminal may
 * wait for ever, also outside the thread, and would then block the exit of the process.
 */
function stderrWriter(): WriteBytes {
  const stats = statsOfStderr();
  if (stats?.isFIFO() || stats?.isSocket()) return writeToStream();
  if (stats?.isCharacterDevice()) return writeToDevice() ?? writeToFile;
  return writeToFile;
}

function statsOfStderr(): Stats | undefined {
  try {
    return fstatSync(STDERR);
  } catch {
    return undefined;
  }
}

/** A disk can be slow, so the write runs outside the thread. */
async function writeToFile(bytes: Buffer): Promise<number> {
  const { bytesWritten } = await writeAsync(STDERR, bytes);
  return bytesWritten;
}
const writeAsync = promisify(writeFile);

/** Node.js writes to pipes and sockets without blocking. */
function writeToStream(): WriteBytes {
  process.stderr.on('error', () => {});
  return (bytes) =>
    new Promise((resolve, reject) => {
      process.stderr.write(bytes, (error) => {
        if (error) reject(error);
        else resolve(bytes.length);
      });
    });
}

/**
 * Opens the terminal again, so that only this process stops blocking on it. Undefined if the system
 * refuses that.
 */
function writeToDevice(): WriteBytes | undefined {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  let fd: number;
  try {
    fd = openSync(`/dev/fd/${STDERR}`, flags);
  } catch {
    return undefined;
  }
  return (bytes) => {
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      if (!isFull(error)) throw error;
      return new Promise((resolve) => setTimeout(() => resolve(0), FULL_RETRY_MS).unref());
    }
  };
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
