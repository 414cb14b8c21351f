import { priceCentsOf } from './prices.ts';
import type { Shop, Source } from './shop.ts';

export interface LoadPlan {
  readonly shop: Shop;
  /** How many shoppers run in parallel. Each requests one page after another. */
  readonly shopperCount: number;
  readonly seconds: number;
  /** Draws the id of the next product. */
  readonly nextProduct: () => number;
  /** Called every `PROGRESS_MS`. */
  readonly onProgress: (elapsedSeconds: number, requests: number) => void;
}

/** The result of one phase. */
export interface LoadResult {
  readonly seconds: number;
  readonly requests: number;
  readonly bySource: Readonly<Record<Source, number>>;
  readonly wrongPages: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How many requests ended in each second of the phase. */
  readonly perSecond: readonly number[];
}

const PROGRESS_MS = 200;

/** Runs shoppers for `plan.seconds` and checks every page that they get. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const latencies: number[] = [];
  const perSecond: number[] = [];
  const bySource: Record<Source, number> = { cache: 0, database: 0, 'database, cache down': 0 };
  let wrongPages = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + plan.seconds * 1000;
  const shopper = async (): Promise<void> => {
    for (let now = performance.now(); now < endsAt; ) {
      const id = plan.nextProduct();
      const { page, source } = await plan.shop.page(id);
      const endedAt = performance.now();
      latencies.push(endedAt - now);
      bySource[source]++;
      if (page.id !== id || page.priceCents !== priceCentsOf(id)) wrongPages++;
      const second = Math.floor((endedAt - startedAt) / 1000);
      perSecond[second] = (perSecond[second] ?? 0) + 1;
      now = endedAt;
    }
  };
  const ticker = setInterval(() => {
    plan.onProgress((performance.now() - startedAt) / 1000, latencies.length);
  }, PROGRESS_MS);
  try {
    await Promise.all(Array.from({ length: plan.shopperCount }, shopper));
  } finally {
    clearInterval(ticker);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  const quantile = (share: number): number =>
    latencies[Math.floor((latencies.length - 1) * share)] ?? 0;
  return {
    seconds,
    requests: latencies.length,
    bySource,
    wrongPages,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    perSecond: perSecond.slice(0, plan.seconds),
  };
}
