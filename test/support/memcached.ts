import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCommand } from './commands.ts';
import { OwnedProcess, type TestServer } from './server.ts';
import { until } from './wait.ts';

export interface MemcachedOptions {
  /** More arguments, memcached's own. */
  readonly args?: readonly string[];
  /** Another build than the one on the PATH. */
  readonly binary?: string;
  /** A command that runs the rest in its place, such as `['taskset', '-c', '0']`. */
  readonly under?: readonly string[];
  /** More environment variables. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The real memcached on the PATH, or `undefined`. */
export function findMemcached(): string | undefined {
  return findCommand('memcached');
}

/** Such as `1.6.18`. */
export function memcachedVersion(binary: string): string {
  return (
    /memcached (\S+)/.exec(execFileSync(binary, ['-V'], { encoding: 'utf8' }))?.[1] ?? 'unknown'
  );
}

/**
 * Why tests against a real memcached cannot run here, or `undefined` when they can. It is printed once, so a
 * skipped suite is seen: `describe.skipIf(memcachedMissing() !== undefined)`.
 */
export function memcachedMissing(version?: string): string | undefined {
  const binary = findMemcached();
  const why =
    binary === undefined
      ? 'there is no memcached on the PATH (apt-get install memcached)'
      : version !== undefined && memcachedVersion(binary) !== version
        ? `memcached is ${memcachedVersion(binary)}, the oracle is ${version}`
        : undefined;
  if (why !== undefined) console.warn(`skipped: ${why}`);
  return why;
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
  const command = [...(options.under ?? []), binary, ...args] as const;
  const owned = new OwnedProcess(command, {
    env: { ...options.env, MEMCACHED_PORT_FILENAME: portFile },
  });
  try {
    const port = await owned.unlessItEnds(until('memcached says its port', () => portIn(portFile)));
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

/** memcached writes `TCP INET: <port>` and moves the file into place when it listens. */
async function portIn(portFile: string): Promise<number | undefined> {
  const text = await readFile(portFile, 'utf8').catch(() => '');
  const port = /^TCP INET: (\d+)$/m.exec(text)?.[1];
  return port === undefined ? undefined : Number(port);
}
