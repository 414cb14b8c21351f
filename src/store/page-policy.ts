/** What a class of chunks did since it was last looked at. */
export interface ClassSample {
  readonly sizeClass: number;
  readonly pages: number;
  /** Chunks not in use, in pages. */
  readonly freePages: number;
  /** Whether any item was evicted. */
  readonly evicts: boolean;
  /** Items stored again that a page more would have kept: a sum that fades. */
  readonly pageHits: number;
}

export interface PageMove {
  readonly from: number;
  /** 0 is the pool of free pages. */
  readonly to: number;
}

/** What a class that does not need them keeps of its free pages. */
const FREE_PAGES_KEPT = 1.5;
/** How many times the donor's the taker's page must be worth, and how many hits more: a move costs a page of items. */
const GAIN_TIMES = 2;
const GAIN_HITS = 4;

/**
 * Decides, never moves: the page that should change its class, if any. A page goes to where one more saves the
 * most misses, from where the last one saves the fewest, which the same count stands for: each page more saves
 * fewer. So in the end a page is worth the same in every class, and misses are fewest (Cliffhanger: Cidon,
 * Eisenman, Alizadeh, Katti, NSDI 2016). `pagesOver` is how many pages the classes must give up.
 */
export function planPageMove(
  classes: readonly ClassSample[],
  pagesOver: number,
): PageMove | undefined {
  const donors = classes.filter(({ pages }) => pages > 1);
  const idle = mostBy(donors, ({ freePages }) => freePages);
  const isIdle = idle !== undefined && idle.freePages > FREE_PAGES_KEPT;
  const poorest = isIdle ? idle : mostBy(donors, (each) => -lossOf(each));
  if (poorest === undefined) return undefined;
  if (pagesOver > 0) return { from: poorest.sizeClass, to: 0 };
  const takers = classes.filter((each) => each !== poorest && each.evicts);
  const taker = mostBy(takers, ({ pageHits }) => pageHits);
  if (taker === undefined) return undefined;
  const move = { from: poorest.sizeClass, to: taker.sizeClass };
  if (isIdle) return move;
  return taker.pageHits > lossOf(poorest) * GAIN_TIMES + GAIN_HITS ? move : undefined;
}

function mostBy<T>(all: readonly T[], worth: (one: T) => number): T | undefined {
  let most: T | undefined;
  for (const one of all) if (most === undefined || worth(one) > worth(most)) most = one;
  return most;
}

/** What a class loses with a page: more than one more would save, the more so the fewer pages it has. */
const lossOf = ({ pageHits, pages }: ClassSample): number => (pageHits * pages) / (pages - 1);
