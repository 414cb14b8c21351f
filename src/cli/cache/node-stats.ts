import type { CacheClient } from '../../client/index.ts';

/** Reads `stats` of the one node of a client; without a topic, its general statistics. */
export async function nodeStats(
  cache: CacheClient,
  topic?: string,
): Promise<ReadonlyMap<string, string>> {
  const [stats] = (await cache.stats(topic)).values();
  return stats ?? new Map();
}
