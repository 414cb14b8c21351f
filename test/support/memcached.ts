import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCommand } from './commands.ts';
import { OwnedProcess, type TestServer } from './server.ts';
import { waitUntil } from './wait.ts';

export interface MemcachedOptions {
  /** More arguments for memcached. */
  readonly args?: readonly string[];
  /** The path of another memcached than the one on the PATH. */
  readonly binary?: string;
  /** A command that executes the rest of the command line, such as `['taskset', '-c', '0']`. */
  readonly commandPrefix?: readonly string[];
  /** More environment variables. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The path of the real memcached on the PATH, or `undefined`. */
export function findMemcached(): string | undefined {
  return findCommand('memcached');
}

/** The version of a memcached, such as `1.6.18`. */
export function memcachedVersion(binary: string): string {
  return (
    /memcached (\S+)/.exec(execFileSync(binary, ['-V'], { encoding: 'utf8' }))?.[1] ?? 'unknown'
  );
}

/**
 * The reason why tests against a real memcached cannot run here, or `undefined` if they can. It
 * prints the reason, so that a skipped suite is visible:
 * `describe.skipIf(whyNoMemcached() !== undefined)`.
 */
export function whyNoMemcached(version?: string): string | undefined {
  const binary = findMemcached();
  const reason =
    binary === undefined
      ? 'there is no memcached on the PATH (apt-get install memcached)'
      : version !== undefined && memcachedVersion(binary) !== version
        ? `memcached is ${memcachedVersion(binary)}, the oracle is ${version}`
        : undefined;
  if (reason !== undefined) console.warn(`skipped: ${reason}`);
  return reason;
}

/** Starts a real memcached on a free port of 127.0.0.1 and waits until it listens. */
export async function startMemcached(options: MemcachedOptions = {}): Promise<TestServer> {
  const binary = options.binary ?? findMemcached();
  if (binary === undefined)
    throw new Error('there is no memcached on the PATH (apt-get install memcached)');
  const folder = await mkdtemp(join(tmpdir(), 'memcached-'));
  const portFile = join(folder, 'port');
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const args = ['-l', '127.0.0.1', '-p', '-1', ...user, ...(options.args ?? [])];
  const command = [...(options.commandPrefix ?? []), binary, ...args] as const;
  const owned = new OwnedProcess(command, {
    env: { ...options.env, MEMCACHED_PORT_FILENAME: portFile },
  });
  try {
    const port = await owned.failOnExit(
      waitUntil('memcached writes its port', () => readPort(portFile)),
    );
    const host = '127.0.0.1';
    const address = { host, port };
    return {
      name: 'memcached',
      host,
      port,
      pid: owned.pid,
      address,
      process: owned,
      stop: () => owned.stop(),
    };
  } catch (error) {
    await owned.stop();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads `TCP INET: <port>`; memcached moves the file into place when it listens. */
async function readPort(portFile: string): Promise<number | undefined> {
  const text = await readFile(portFile, 'utf8').catch(() => '');
  const port = /^TCP INET: (\d+)$/m.exec(text)?.[1];
  return port === undefined ? undefined : Number(port);
}
