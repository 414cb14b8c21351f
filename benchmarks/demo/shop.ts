import { type CacheClient, CacheError } from '../../src/client.ts';
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
 * Cache-aside: look in the cache; on a miss ask the database and put the answer into the cache. A
 * cache node in trouble costs a query, never a wrong answer and never an error page.
 */
export function shopWithCache(catalogue: Catalogue, cache: CacheClient): Shop {
  return {
    async page(id) {
      const key = `product:${id}`;
      const found = await ask(() => cache.get(key));
      if (typeof found.answer === 'string') {
        return { page: JSON.parse(found.answer) as ProductPage, source: 'cache' };
      }
      const page = await catalogue.page(id);
      if (found.trouble) return { page, source: 'database, cache down' };
      await ask(() => cache.set(key, JSON.stringify(page), { ttl: PAGE_TTL_SECONDS }));
      return { page, source: 'database' };
    },
  };
}

/** The cache's answer, or the fact that it is in trouble. */
async function ask<T>(
  call: () => Promise<T>,
): Promise<{ readonly answer: T | undefined; readonly trouble: boolean }> {
  try {
    return { answer: await call(), trouble: false };
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    return { answer: undefined, trouble: true };
  }
}
