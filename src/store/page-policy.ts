/** What a class of chunks did since it was last looked at. */
export interface ClassSample {
  readonly sizeClass: number;
  readonly pages: number;
  /** Chunks not in use, in pages. */
  readonly freePages: number;
  readonly evictions: number;
  /** Items stored again that a page more would have kept, by a moving average. */
  readonly pageHits: number;
}

export interface PageMove {
  readonly from: number;
  /** 0 is the pool of free pages. */
  readonly to: number;
}

export interface PageRules {
  /** How many pages all classes have above the limit. */
  readonly pagesOver: number;
  /** How many times more than the donor's next page is worth the taker's must be. */
  readonly gainMin: number;
}

/** What a class that does not need them keeps of its free pages. */
const FREE_PAGES_KEPT = 1.5;
/** Fewer hits say nothing. */
const PAGE_HITS_MIN = 2;

/**
 * Decides, never moves: the page that should change its class, if any. A page goes where the next one would
 * have saved the most misses, from where the last one saves the fewest, which the same count stands for: hits
 * fall with each page more. So all classes' next pages are worth the same in the end, and misses are fewest
 * (Cliffhanger: Cidon, Eisenman, Alizadeh, Katti, NSDI 2016).
 */
export function planPageMove(
  classes: readonly ClassSample[],
  { pagesOver, gainMin }: PageRules,
): PageMove | undefined {
  const donors = classes.filter(({ pages }) => pages > 1);
  const idle = mostBy(donors, ({ freePages }) => freePages);
  const isIdle = idle !== undefined && idle.freePages > FREE_PAGES_KEPT;
  const poorest = isIdle ? idle : mostBy(donors, ({ pageHits }) => -pageHits);
  if (poorest === undefined) return undefined;
  if (pagesOver > 0) return { from: poorest.sizeClass, to: 0 };
  const takers = classes.filter((each) => each !== poorest && each.evictions > 0);
  const taker = mostBy(takers, ({ pageHits }) => pageHits);
  if (taker === undefined) return undefined;
  const move = { from: poorest.sizeClass, to: taker.sizeClass };
  if (isIdle) return move;
  if (taker.pageHits < PAGE_HITS_MIN) return undefined;
  return taker.pageHits > poorest.pageHits * gainMin ? move : undefined;
}

function mostBy<T>(all: readonly T[], worth: (one: T) => number): T | undefined {
  let most: T | undefined;
  for (const one of all) if (most === undefined || worth(one) > worth(most)) most = one;
  return most;
}
