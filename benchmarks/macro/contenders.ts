import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findMemcached, memcachedVersion, startMemcached } from '../../test/support/memcached.ts';
import { startSlabring } from '../../test/support/node-process.ts';
import type { TestServer } from '../../test/support/server.ts';
import { pinnedTo, SERVER_CORE } from './cores.ts';

/** A server that takes part in a run; `start` starts a new, pinned process. */
export interface Contender {
  /** `slabring`, or a version such as `memcached 1.6.18`. */
  readonly name: string;
  /** The command line that starts it, without paths of this machine. */
  readonly command: (args: readonly string[]) => string;
  start(args: readonly string[], cores?: readonly number[]): Promise<TestServer>;
}

/** Names a further memcached, as `--memcached` does. */
export const MEMCACHED_VARIABLE = 'MEMCACHED_NEW';

export interface ContenderChoice {
  readonly includeSlabring: boolean;
  /** Checkouts of other versions of slabring, as `NAME=FOLDER`: before a change, for one. */
  readonly builds: readonly string[];
  /** More arguments of further slabring nodes, such as `-o no_fast_path`. */
  readonly variants?: readonly string[];
  /** Further builds of memcached, beside the one on the PATH. */
  readonly memcachedBinaries: readonly string[];
}

/** Slabring, its variants and other builds, then the memcached on the PATH and its other builds. */
export function contenders(choice: ContenderChoice): readonly Contender[] {
  const found = findMemcached();
  const binaries = [...(found === undefined ? [] : [found]), ...choice.memcachedBinaries];
  if (binaries.length === 0) {
    throw new Error('There is no memcached on the PATH; install it or name one with --memcached.');
  }
  const absent = binaries.find((binary) => !existsSync(binary));
  if (absent !== undefined) throw new Error(`There is no memcached at ${absent}.`);
  const names = new Map<string, number>();
  const memcacheds = binaries.map((binary) => memcached(binary, names));
  const node = slabring('slabring');
  const ours = choice.includeSlabring ? [node] : [];
  const variants = (choice.variants ?? []).map((more) => withArgs(node, words(more)));
  return [...ours, ...variants, ...choice.builds.map(otherBuild), ...memcacheds];
}

/** The builds of memcached that `--memcached` and the environment name. */
export function namedMemcacheds(
  flags: readonly string[],
  environment: NodeJS.ProcessEnv,
): readonly string[] {
  const newest = environment[MEMCACHED_VARIABLE];
  return newest === undefined || newest === '' ? flags : [...flags, newest];
}

export const isMemcached = (contenderName: string): boolean =>
  contenderName.startsWith('memcached');

export const words = (text: string): readonly string[] =>
  text.split(' ').filter((word) => word !== '');

/** The same contender with more arguments, which its name shows. */
export function withArgs(contender: Contender, more: readonly string[]): Contender {
  return {
    name: [contender.name, ...more].join(' '),
    command: (args) => contender.command([...args, ...more]),
    start: (args, cores) => contender.start([...args, ...more], cores),
  };
}

function otherBuild(text: string): Contender {
  const [, name, folder] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || folder === undefined) {
    throw new Error(`--build is "${text}"; it must be NAME=FOLDER, FOLDER being a checkout.`);
  }
  return slabring(`slabring ${name}`, join(resolve(folder), 'src/cli/main.ts'));
}

function slabring(name: string, entry?: string): Contender {
  return {
    name,
    command: (args) => `node src/cli/main.ts serve ${args.join(' ')}`,
    start: (args, cores = [SERVER_CORE]) =>
      startSlabring({ args, commandPrefix: pinnedTo(...cores), ...(entry && { entry }) }),
  };
}

function memcached(binary: string, names: Map<string, number>): Contender {
  const version = `memcached ${memcachedVersion(binary)}`;
  const nth = (names.get(version) ?? 0) + 1;
  names.set(version, nth);
  return {
    name: nth === 1 ? version : `${version} (${nth})`,
    command: (args) => `memcached ${args.join(' ')}`,
    start: (args, cores = [SERVER_CORE]) =>
      startMemcached({ binary, args, commandPrefix: pinnedTo(...cores) }),
  };
}
