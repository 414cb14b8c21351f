import { priceCentsOf } from './prices.ts';
import type { Shop, Source } from './shop.ts';

export interface LoadPlan {
  readonly shop: Shop;
  /** Shoppers who each ask for one page after another. */
  readonly shoppers: number;
  readonly seconds: number;
  /** Draws the next product. */
  readonly nextProduct: () => number;
  /** Told about every second that passes. */
  readonly onProgress: (elapsedSeconds: number, requests: number) => void;
}

/** What happened in one phase; latencies are in milliseconds. */
export interface LoadResult {
  readonly seconds: number;
  readonly requests: number;
  readonly bySource: Readonly<Record<Source, number>>;
  readonly wrongAnswers: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests answered in each second of the phase. */
  readonly perSecond: readonly number[];
}

const PROGRESS_MS = 200;

/** Runs shoppers for a while and checks every answer they get. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const latencies: number[] = [];
  const perSecond: number[] = [];
  const bySource: Record<Source, number> = { cache: 0, database: 0, 'database, cache down': 0 };
  let wrongAnswers = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + plan.seconds * 1000;
  const shopper = async (): Promise<void> => {
    for (let now = performance.now(); now < endsAt; ) {
      const id = plan.nextProduct();
      const { page, source } = await plan.shop.page(id);
      const done = performance.now();
      latencies.push(done - now);
      bySource[source]++;
      if (page.id !== id || page.priceCents !== priceCentsOf(id)) wrongAnswers++;
      const second = Math.floor((done - startedAt) / 1000);
      perSecond[second] = (perSecond[second] ?? 0) + 1;
      now = done;
    }
  };
  const ticker = setInterval(() => {
    plan.onProgress((performance.now() - startedAt) / 1000, latencies.length);
  }, PROGRESS_MS);
  try {
    await Promise.all(Array.from({ length: plan.shoppers }, shopper));
  } finally {
    clearInterval(ticker);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? 0;
  return {
    seconds,
    requests: latencies.length,
    bySource,
    wrongAnswers,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    perSecond: perSecond.slice(0, plan.seconds),
  };
}
