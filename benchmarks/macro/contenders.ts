import { findMemcached, memcachedVersion, startMemcached } from '../../test/support/memcached.ts';
import { startSlabring } from '../../test/support/node-process.ts';
import type { TestServer } from '../../test/support/server.ts';

/** A server that takes part in a run; `start` gives a fresh process pinned to the server's core. */
export interface Contender {
  /** Such as `slabring` or `memcached 1.6.18`. */
  readonly name: string;
  /** What is typed to start it, without anything of this machine. */
  readonly command: (args: readonly string[]) => string;
  start(args: readonly string[]): Promise<TestServer>;
}

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

export const pinnedTo = (core: number): readonly string[] => ['taskset', '-c', String(core)];

export interface ContenderChoice {
  readonly ours: boolean;
  /** Other builds than the memcached on the PATH. */
  readonly memcachedBinaries: readonly string[];
}

/** Ours first, then the memcached on the PATH (ratios are to it), then the other builds. */
export function contenders(choice: ContenderChoice): readonly Contender[] {
  const found = findMemcached();
  const binaries = [...(found === undefined ? [] : [found]), ...choice.memcachedBinaries];
  if (binaries.length === 0) {
    throw new Error('there is no memcached to compare with; install it or name one by --memcached');
  }
  const names = new Map<string, number>();
  const theirs = binaries.map((binary) => memcached(binary, names));
  return choice.ours ? [slabring(), ...theirs] : theirs;
}

function slabring(): Contender {
  return {
    name: 'slabring',
    command: (args) => `node src/cli/main.ts serve ${args.join(' ')}`,
    start: (args) => startSlabring({ args, under: pinnedTo(SERVER_CORE) }),
  };
}

function memcached(binary: string, names: Map<string, number>): Contender {
  const version = `memcached ${memcachedVersion(binary)}`;
  const nth = (names.get(version) ?? 0) + 1;
  names.set(version, nth);
  return {
    name: nth === 1 ? version : `${version} (${nth})`,
    command: (args) => `memcached ${args.join(' ')}`,
    start: (args) => startMemcached({ binary, args, under: pinnedTo(SERVER_CORE) }),
  };
}
