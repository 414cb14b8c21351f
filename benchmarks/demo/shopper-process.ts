/**
 * A process with many shoppers, which the parent controls by messages. All shoppers request one
 * page at the same moment. The parent owns the database, so a load sends a query to the parent.
 */
import { createClient } from '../../src/client.ts';
import type { ProductPage } from './catalogue-worker.ts';
import { pageKey } from './shop.ts';

/** Messages of the parent: all shoppers read a product page; the page of a query. */
export type ToShoppers =
  | { readonly kind: 'read'; readonly id: number; readonly shoppers: number }
  | { readonly kind: 'page'; readonly page: ProductPage };
/** Messages to the parent: the client is connected; a query; all shoppers have their pages. */
export type FromShoppers =
  | { readonly kind: 'ready' }
  | { readonly kind: 'query'; readonly id: number }
  | { readonly kind: 'done'; readonly pages: number; readonly wrongPages: number };

const cache = createClient({ nodes: process.argv.slice(2), deadlineMs: 5000 });
await cache.version();
let resolveQuery: ((page: ProductPage) => void) | undefined;

process.on('message', (message: ToShoppers) => {
  if (message.kind === 'page') resolveQuery?.(message.page);
  else void readTogether(message.id, message.shoppers);
});
process.on('disconnect', () => process.exit(0));
send({ kind: 'ready' });

async function readTogether(id: number, shoppers: number): Promise<void> {
  const all = Array.from({ length: shoppers }, () => cache.getOrSet(pageKey(id), queryParent));
  const pages = await Promise.all(all);
  send({
    kind: 'done',
    pages: pages.length,
    wrongPages: pages.filter((page) => page?.id !== id).length,
  });

  function queryParent(): Promise<ProductPage> {
    return new Promise((resolve) => {
      resolveQuery = resolve;
      send({ kind: 'query', id });
    });
  }
}

function send(message: FromShoppers): void {
  process.send?.(message);
}
