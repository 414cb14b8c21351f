import { readFile } from 'node:fs/promises';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startMemcached } from '../support/memcached.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';

/** The memcached version that slabring must agree with: Debian's package. */
export const ORACLE_VERSION = '1.6.18';

/**
 * With `SUBJECT=memcached` a second memcached takes the place of slabring. Then there must be no
 * differences, which tests the comparison itself.
 */
export const subjectIsMemcached = process.env['SUBJECT'] === 'memcached';

export interface Pair {
  readonly ours: TestServer;
  /** {@link restartOracle} replaces it. */
  readonly theirs: TestServer;
}

/** The function that starts the memcached of each pair. */
const oracleStarters = new WeakMap<Pair, () => Promise<TestServer>>();

/**
 * Replaces the pair's memcached by a new process. A difference counts only if the new process shows
 * it too: after a number of 2^63 or more, memcached searches for a minus sign up to the next NUL,
 * even in another item (util.c, safe_strtoull). So its reply may depend on the memory that earlier
 * scripts left behind.
 */
export async function restartOracle(pair: Pair): Promise<void> {
  const start = oracleStarters.get(pair);
  if (start === undefined) throw new Error('restartOracle needs a pair that startPair has started');
  await pair.theirs.stop();
  Object.assign(pair, { theirs: await start() });
}

/**
 * Disables memcached's LRU maintainer, which pins an item for a moment after some gets. A decr in
 * that moment makes a new copy instead of padding in place, so replies would depend on timing.
 */
const WITHOUT_LRU_MAINTAINER = ['-o', 'no_lru_maintainer'];

export interface PairOptions {
  /** Arguments for both servers. */
  readonly args?: readonly string[];
  /** Whether slabring serves TLS. */
  readonly tls?: boolean;
  /** Whether slabring answers everything in JavaScript. */
  readonly noFastPath?: boolean;
  /** Whether memcached runs its LRU maintainer, as it does by default. */
  readonly withBackgroundWork?: boolean;
}

export const WITHOUT_FAST_PATH = 'TCP without the fast path';
/** How slabring serves; most of the scripts use the fast path, as a node does by default. */
export const SERVINGS = ['TCP', 'TLS', WITHOUT_FAST_PATH] as const;
export type Serving = (typeof SERVINGS)[number];

/** Starts both servers; slabring serves as it says. */
export const startServing = (serving: Serving): Promise<Pair> =>
  startPair({ tls: serving === 'TLS', noFastPath: serving === WITHOUT_FAST_PATH });

/** Starts both servers with the same arguments. */
export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const { args = [], withBackgroundWork: lively = false, tls = false } = options;
  const ourArgs = options.noFastPath === true ? [...args, '-o', 'no_fast_path'] : args;
  const memcached = () =>
    startMemcached({ args: lively ? args : [...args, ...WITHOUT_LRU_MAINTAINER] });
  const theirs = await memcached();
  try {
    const ours = () => (tls ? startWithTls(ourArgs) : startSlabring({ args: ourArgs }));
    const pair = { theirs, ours: await (subjectIsMemcached ? memcached() : ours()) };
    oracleStarters.set(pair, memcached);
    return pair;
  } catch (error) {
    await theirs.stop();
    throw error;
  }
}

/** Starts slabring with TLS. It reads the certificate at start-up, so the files need not stay. */
async function startWithTls(args: readonly string[]): Promise<TestServer> {
  const folder = await temporaryFolder();
  try {
    const authority = await Authority.create(folder.path);
    const identity = await authority.issue('node');
    return await startSlabring({ args, tls: { identity, ca: await readFile(authority.ca) } });
  } finally {
    await folder.remove();
  }
}

export async function stopPair(pair: Pair | undefined): Promise<void> {
  await Promise.all([pair?.ours.stop(), pair?.theirs.stop()]);
}
