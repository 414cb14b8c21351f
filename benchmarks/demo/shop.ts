import type { CacheClient } from '../../src/client.ts';
import type { Catalogue } from './catalogue.ts';
import type { ProductPage } from './catalogue-worker.ts';

const PAGE_TTL = 300;

/** Where a page came from. */
export type Source = 'cache' | 'database' | 'database, cache down';

/** The product pages of a shop, with or without a cache. */
export interface Shop {
  page(id: number): Promise<{ readonly page: ProductPage; readonly source: Source }>;
}

export function shopWithoutCache(catalogue: Catalogue): Shop {
  return { page: async (id) => ({ page: await catalogue.page(id), source: 'database' }) };
}

/**
 * Lazy loading: the shop reads the cache, and on a miss exactly one caller queries the database and
 * stores the page. A failure of a cache node costs a query, but causes no wrong page and no error.
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
      const page = await cache.getOrSet(key, load, { ttl: PAGE_TTL });
      if (page === undefined) throw new Error(`There is no product ${id}.`);
      return { page, source };
    },
  };
}

export function pageKey(id: number): string {
  return `product:${id}`;
}
