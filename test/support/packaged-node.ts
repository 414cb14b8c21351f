import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BuiltPackages } from './built-packages.ts';
import { freePort } from './ports.ts';
import { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

const SAMPLE_MS = 250;
/** The memory has settled when so many samples differ by less than this. */
const SETTLED_SAMPLES = 6;
const SETTLED_BYTES = 256 * 1024;
const SAMPLES_MAX = 80;

/** The program of the installed package. */
export function packagedMain({ project }: BuiltPackages): string {
  return join(project, 'node_modules/slabring/dist/cli/main.js');
}

/**
 * The lowest resident memory of so many empty nodes, one after another: on a busy machine V8 may
 * return memory late.
 */
export async function leastEmptyNodeBytes(
  built: BuiltPackages,
  args: readonly string[],
  nodes: number,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let nth = 0; nth < nodes; nth++) {
    least = Math.min(least, await emptyNodeBytes(built, args));
  }
  return least;
}

/**
 * The resident memory of a node without clients and items, in bytes (Linux). The node runs as users
 * start it, without the channel to a supervisor.
 */
export async function emptyNodeBytes(
  built: BuiltPackages,
  args: readonly string[],
): Promise<number> {
  const listen = ['-l', '127.0.0.1', '-p', String(await freePort())];
  const node = new OwnedProcess([
    process.execPath,
    packagedMain(built),
    'serve',
    ...listen,
    ...args,
  ]);
  try {
    await node.failOnExit(
      waitUntil('the node listens', () => node.stdout.includes('Listening on')),
    );
    return await settledBytes(node.pid);
  } finally {
    await node.stop();
  }
}

/** The resident memory of a process once it no longer changes. */
async function settledBytes(pid: number): Promise<number> {
  const samples: number[] = [];
  for (let nth = 0; nth < SAMPLES_MAX; nth++) {
    samples.push(await residentBytes(pid));
    const last = samples.slice(-SETTLED_SAMPLES);
    const isSettled = Math.max(...last) - Math.min(...last) < SETTLED_BYTES;
    if (last.length === SETTLED_SAMPLES && isSettled) break;
    await pause(SAMPLE_MS);
  }
  return samples.at(-1)!;
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
