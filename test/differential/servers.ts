import { startMemcached } from '../support/memcached.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';

/** The version whose replies are ours (facts: Debian's package). */
export const ORACLE_VERSION = '1.6.18';

/** With `SUBJECT=memcached` a second memcached takes our place: the rig's proof of itself, without differences. */
export const subjectIsMemcached = process.env['SUBJECT'] === 'memcached';

export interface Pair {
  readonly ours: TestServer;
  readonly theirs: TestServer;
}

/**
 * memcached without its background LRU work: that holds an item for a moment after some gets, and a decr in that
 * moment makes a fresh copy instead of padding in place, so replies would depend on luck.
 */
const QUIET_MEMCACHED = ['-o', 'no_lru_maintainer'];

export interface PairOptions {
  /** For both. */
  readonly args?: readonly string[];
  /** memcached as it comes, its background work included. */
  readonly lively?: boolean;
}

/** Both servers, with the same arguments. */
export async function startPair({ args = [], lively = false }: PairOptions = {}): Promise<Pair> {
  const memcached = () => startMemcached({ args: lively ? args : [...args, ...QUIET_MEMCACHED] });
  const theirs = await memcached();
  try {
    return { theirs, ours: await (subjectIsMemcached ? memcached() : startSlabring({ args })) };
  } catch (error) {
    await theirs.stop();
    throw error;
  }
}

export async function stopPair(pair: Pair | undefined): Promise<void> {
  await Promise.all([pair?.ours.stop(), pair?.theirs.stop()]);
}
