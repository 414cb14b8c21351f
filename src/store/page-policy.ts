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
  /** Since the item that would give way next was last used. */
  readonly idleSeconds: number;
}

export interface PageMove {
  readonly from: number;
  /** 0 is the pool of free pages. */
  readonly to: number;
}

/** What a class that does not need them keeps of its free pages. */
const FREE_PAGES_KEPT = 1.5;
/**
 * How many times the donor's the taker's page must be worth, and how many hits more: a move costs
 * a page of items.
 */
const GAIN_TIMES = 2;
const GAIN_HITS = 4;
/**
 * How many times longer the donor's items must have been idle than the taker's, and how much
 * longer.
 */
const IDLE_TIMES = 4;
const IDLE_SECONDS = 10;

/**
 * Decides, never moves: the page that should change its class, if any. A page goes to where one
 * more saves the most misses, from where the last one saves the fewest, which the same count
 * stands for: each page more saves fewer. So in the end a page is worth the same in every class,
 * and misses are fewest (Cliffhanger: Cidon, Eisenman, Alizadeh, Katti, NSDI 2016). `pagesOver` is
 * how many pages the classes must give up.
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
  const gains = taker.pageHits > lossOf(poorest) * GAIN_TIMES + GAIN_HITS;
  if (isIdle || gains) return { from: poorest.sizeClass, to: taker.sizeClass };
  return planByAge(classes);
}

/**
 * What nobody stores again soon leaves no trace in hits: a class whose values are read once, a
 * while after, or one so small that everything is gone before it comes again. It gets the pages of
 * a class that nobody uses any more (memcached moves all its pages by such ages).
 */
function planByAge(classes: readonly ClassSample[]): PageMove | undefined {
  const unused = classes.filter(({ pages, pageHits }) => pages > 1 && pageHits < 1);
  const oldest = mostBy(unused, ({ idleSeconds }) => idleSeconds);
  const takers = classes.filter((each) => each !== oldest && each.evicts);
  const youngest = mostBy(takers, ({ idleSeconds }) => -idleSeconds);
  if (oldest === undefined || youngest === undefined) return undefined;
  const isOld = oldest.idleSeconds > youngest.idleSeconds * IDLE_TIMES + IDLE_SECONDS;
  return isOld ? { from: oldest.sizeClass, to: youngest.sizeClass } : undefined;
}

function mostBy<T>(all: readonly T[], worth: (one: T) => number): T | undefined {
  let most: T | undefined;
  for (const one of all) if (most === undefined || worth(one) > worth(most)) most = one;
  return most;
}

/**
 * What a class loses with a page: more than one more would save, the more so the fewer pages it
 * has.
 */
const lossOf = ({ pageHits, pages }: ClassSample): number => (pageHits * pages) / (pages - 1);
