import { readFile } from 'node:fs/promises';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startMemcached } from '../support/memcached.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';

/** The version whose replies are ours (facts: Debian's package). */
export const ORACLE_VERSION = '1.6.18';

/** With `SUBJECT=memcached` a second memcached takes our place: the rig's proof of itself, without differences. */
export const subjectIsMemcached = process.env['SUBJECT'] === 'memcached';

export interface Pair {
  readonly ours: TestServer;
  /** Another one after {@link renewOracle}. */
  readonly theirs: TestServer;
}

/** How each pair's memcached was started. */
const oracleStarts = new WeakMap<Pair, () => Promise<TestServer>>();

/**
 * Replaces the pair's memcached by a fresh one. A difference counts only if that one shows it too: behind a number of
 * 2^63 and more memcached looks for a minus sign up to the next NUL, be it in another item (util.c, safe_strtoull), so
 * its reply may hang on what earlier scripts left in its memory, and on where that lies.
 */
export async function renewOracle(pair: Pair): Promise<void> {
  const start = oracleStarts.get(pair);
  if (start === undefined) throw new Error('only a pair of startPair has a memcached to renew');
  await pair.theirs.stop();
  Object.assign(pair, { theirs: await start() });
}

/**
 * memcached without its background LRU work: that holds an item for a moment after some gets, and a decr in that
 * moment makes a fresh copy instead of padding in place, so replies would depend on luck.
 */
const QUIET_MEMCACHED = ['-o', 'no_lru_maintainer'];

export interface PairOptions {
  /** For both. */
  readonly args?: readonly string[];
  /** Ours speaks TLS. */
  readonly tls?: boolean;
  /** memcached as it comes, its background work included. */
  readonly lively?: boolean;
}

/** Both servers, with the same arguments. */
export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const { args = [], lively = false, tls = false } = options;
  const memcached = () => startMemcached({ args: lively ? args : [...args, ...QUIET_MEMCACHED] });
  const theirs = await memcached();
  try {
    const ours = () => (tls ? startSecure(args) : startSlabring({ args }));
    const pair = { theirs, ours: await (subjectIsMemcached ? memcached() : ours()) };
    oracleStarts.set(pair, memcached);
    return pair;
  } catch (error) {
    await theirs.stop();
    throw error;
  }
}

/** The certificate is read at the start, so its files need not stay. */
async function startSecure(args: readonly string[]): Promise<TestServer> {
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
