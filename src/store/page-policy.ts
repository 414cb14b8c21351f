/** What a class of chunks did since it was last looked at. */
export interface ClassSample {
  readonly sizeClass: number;
  readonly pages: number;
  /** Chunks not in use, in pages. */
  readonly freePages: number;
  readonly evictions: number;
  /** Items stored again soon after they were evicted, for each page there is: a moving average. */
  readonly hitsPerPage: number;
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
/** Fewer hits a page say nothing. */
const HITS_MIN = 0.01;

/**
 * Decides, never moves: the page that should change its class, if any. A page goes to where a page more saves
 * the most misses, from where it saves the fewest. What is evicted and soon after stored again says both: twice
 * the pages would have kept it. So in the end a page is worth the same in every class, and misses are fewest
 * (after Cliffhanger: Cidon, Eisenman, Alizadeh, Katti, NSDI 2016).
 */
export function planPageMove(
  classes: readonly ClassSample[],
  { pagesOver, gainMin }: PageRules,
): PageMove | undefined {
  const donors = classes.filter(({ pages }) => pages > 1);
  const idle = mostBy(donors, ({ freePages }) => freePages);
  const isIdle = idle !== undefined && idle.freePages > FREE_PAGES_KEPT;
  const poorest = isIdle ? idle : mostBy(donors, ({ hitsPerPage }) => -hitsPerPage);
  if (poorest === undefined) return undefined;
  if (pagesOver > 0) return { from: poorest.sizeClass, to: 0 };
  const takers = classes.filter((each) => each !== poorest && each.evictions > 0);
  const taker = mostBy(takers, ({ hitsPerPage }) => hitsPerPage);
  if (taker === undefined) return undefined;
  const move = { from: poorest.sizeClass, to: taker.sizeClass };
  if (isIdle) return move;
  if (taker.hitsPerPage < HITS_MIN) return undefined;
  return taker.hitsPerPage > poorest.hitsPerPage * gainMin ? move : undefined;
}

function mostBy<T>(all: readonly T[], worth: (one: T) => number): T | undefined {
  let most: T | undefined;
  for (const one of all) if (most === undefined || worth(one) > worth(most)) most = one;
  return most;
}
