import { join, resolve } from 'node:path';
import { findMemcached, memcachedVersion, startMemcached } from '../../test/support/memcached.ts';
import { startSlabring } from '../../test/support/node-process.ts';
import type { TestServer } from '../../test/support/server.ts';

/** A server that takes part in a run; `start` starts a new process pinned to the server core. */
export interface Contender {
  /** `slabring`, or a version such as `memcached 1.6.18`. */
  readonly name: string;
  /** The command line that starts it, without paths of this machine. */
  readonly command: (args: readonly string[]) => string;
  start(args: readonly string[]): Promise<TestServer>;
}

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

export const pinnedTo = (core: number): readonly string[] => ['taskset', '-c', String(core)];

export interface ContenderChoice {
  readonly includeSlabring: boolean;
  /** Checkouts of other versions of slabring, as `NAME=FOLDER`: before a change, for one. */
  readonly builds: readonly string[];
  /** Further builds of memcached, beside the one on the PATH. */
  readonly memcachedBinaries: readonly string[];
}

/** Slabring, its other builds, the memcached on the PATH (the base of ratios), its other builds. */
export function contenders(choice: ContenderChoice): readonly Contender[] {
  const found = findMemcached();
  const binaries = [...(found === undefined ? [] : [found]), ...choice.memcachedBinaries];
  if (binaries.length === 0) {
    throw new Error('There is no memcached on the PATH; install it or name one with --memcached.');
  }
  const names = new Map<string, number>();
  const memcacheds = binaries.map((binary) => memcached(binary, names));
  const ours = choice.includeSlabring ? [slabring('slabring')] : [];
  return [...ours, ...choice.builds.map(otherBuild), ...memcacheds];
}

function otherBuild(text: string): Contender {
  const [, name, folder] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || folder === undefined) {
    throw new Error(`--build is "${text}"; it must be NAME=FOLDER, FOLDER being a checkout.`);
  }
  return slabring(`slabring ${name}`, join(resolve(folder), 'src/cli/main.ts'));
}

function slabring(name: string, entry?: string): Contender {
  const commandPrefix = pinnedTo(SERVER_CORE);
  return {
    name,
    command: (args) => `node src/cli/main.ts serve ${args.join(' ')}`,
    start: (args) => startSlabring({ args, commandPrefix, ...(entry && { entry }) }),
  };
}

function memcached(binary: string, names: Map<string, number>): Contender {
  const version = `memcached ${memcachedVersion(binary)}`;
  const nth = (names.get(version) ?? 0) + 1;
  names.set(version, nth);
  return {
    name: nth === 1 ? version : `${version} (${nth})`,
    command: (args) => `memcached ${args.join(' ')}`,
    start: (args) => startMemcached({ binary, args, commandPrefix: pinnedTo(SERVER_CORE) }),
  };
}
