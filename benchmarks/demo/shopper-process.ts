/**
 * A process of shoppers who all want one page at once, told by messages. The database is the
 * parent's: a load is a question to it.
 */
import { createClient } from '../../src/client.ts';
import type { ProductPage } from './catalogue-worker.ts';
import { pageKey } from './shop.ts';

/** From the parent: all shoppers ask for a product, or the page that was asked of the database. */
export type ToShoppers =
  | { readonly say: 'ask'; readonly id: number; readonly shoppers: number }
  | { readonly say: 'page'; readonly page: ProductPage };
/** To the parent: it is connected, it asks the database for a page, or all shoppers have theirs. */
export type FromShoppers =
  | { readonly say: 'ready' }
  | { readonly say: 'query'; readonly id: number }
  | { readonly say: 'done'; readonly pages: number; readonly wrong: number };

const cache = createClient({ nodes: process.argv.slice(2), deadlineMs: 5000 });
await cache.version();
let answer: ((page: ProductPage) => void) | undefined;

process.on('message', (message: ToShoppers) => {
  if (message.say === 'page') answer?.(message.page);
  else void askTogether(message.id, message.shoppers);
});
process.on('disconnect', () => process.exit(0));
tell({ say: 'ready' });

async function askTogether(id: number, shoppers: number): Promise<void> {
  const all = Array.from({ length: shoppers }, () => cache.getOrSet(pageKey(id), queryParent));
  const pages = await Promise.all(all);
  tell({ say: 'done', pages: pages.length, wrong: pages.filter((page) => page?.id !== id).length });

  function queryParent(): Promise<ProductPage> {
    return new Promise((resolve) => {
      answer = resolve;
      tell({ say: 'query', id });
    });
  }
}

function tell(message: FromShoppers): void {
  process.send?.(message);
}
