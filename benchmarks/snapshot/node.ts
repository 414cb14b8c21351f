/** The nodes of the benchmark, and what it runs beside them. */
import { readFileSync } from 'node:fs';
import { startSlabring, startVerb } from '../../test/support/node-process.ts';
import type { TestServer } from '../../test/support/server.ts';

const KIB = 1024;
const POLL_MS = 50;

/** A prefix of a command: where it runs. */
export type On = readonly string[];

/** A node with one thread for clients and an admin port. */
export const startNode = (megabytes: number, on: On, ...args: string[]): Promise<TestServer> =>
  startSlabring({
    commandPrefix: on,
    args: ['-m', `${megabytes}`, '-t', '1', '--admin-port', '0', ...args],
  });

/** Runs a verb to its end, and returns what it prints with --json. */
export async function slabring<Result>(on: On, ...args: readonly string[]): Promise<Result> {
  const verb = startVerb([...args, '--json'], { commandPrefix: on });
  const { code } = await verb.exited;
  if (code !== 0) throw new Error(`slabring ${args.join(' ')}: ${verb.stderr}`);
  return JSON.parse(verb.stdout) as Result;
}

/** Repeats a verb until it is stopped; resolves after the last run, with the seconds of each. */
export function repeat(on: On, ...args: readonly string[]): { stop(): Promise<number[]> } {
  let isStopped = false;
  const seconds: number[] = [];
  const running = (async () => {
    while (!isStopped) {
      const startedAt = performance.now();
      await slabring(on, ...args);
      seconds.push((performance.now() - startedAt) / 1000);
    }
    return seconds;
  })();
  return {
    stop: () => {
      isStopped = true;
      return running;
    },
  };
}

/** Watches the resident memory of a process; `stop` returns by how many MiB it grew at most. */
export function watchMemory(pid: number): { stop(): number } {
  const residentMib = (): number => {
    const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib) / KIB;
  };
  const before = residentMib();
  let most = before;
  const look = (): void => {
    most = Math.max(most, residentMib());
  };
  const timer = setInterval(look, POLL_MS);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return most - before;
    },
  };
}
