import type { CacheClient } from '../../src/client.ts';
import type { Catalogue } from './catalogue.ts';
import type { ProductPage } from './catalogue-worker.ts';

const PAGE_TTL_SECONDS = 300;

/** What one request cost, and what it was answered from. */
export type Source = 'cache' | 'database' | 'database, cache down';

/** A shop's product pages: straight from the database, or with a cache in front of it. */
export interface Shop {
  page(id: number): Promise<{ readonly page: ProductPage; readonly source: Source }>;
}

export function shopWithoutCache(catalogue: Catalogue): Shop {
  return { page: async (id) => ({ page: await catalogue.page(id), source: 'database' }) };
}

/**
 * Lazy loading: look in the cache; on a miss exactly one caller asks the database and puts the
 * answer into the cache. A cache node in trouble costs a query, never a wrong answer and never an
 * error page.
 */
export function shopWithCache(catalogue: Catalogue, cache: CacheClient): Shop {
  const down = new Set<string>();
  cache.on('node-down', (node) => void down.add(node));
  cache.on('node-up', (node) => void down.delete(node));
  return {
    async page(id) {
      const key = pageKey(id);
      let source: Source = 'cache';
      const load = (): Promise<ProductPage> => {
        source = down.has(cache.nodeOf(key)) ? 'database, cache down' : 'database';
        return catalogue.page(id);
      };
      const page = await cache.getOrSet(key, load, { ttl: PAGE_TTL_SECONDS });
      if (page === undefined) throw new Error(`There is no product ${id}.`);
      return { page, source };
    },
  };
}

export function pageKey(id: number): string {
  return `product:${id}`;
}
