/** The state of a size class at a decision. */
export interface ClassSample {
  readonly sizeClass: number;
  readonly pages: number;
  /** Free chunks, in pages. */
  readonly freePages: number;
  /** Whether the class has evicted an item since the last sample. */
  readonly evicts: boolean;
  /** Items stored again that one more page would have kept: a sum that decays. */
  readonly pageHits: number;
  /** Seconds since the last use of the next victim. */
  readonly idleSeconds: number;
}

export interface PageMove {
  readonly from: number;
  /** 0 is the page pool. */
  readonly to: number;
}

/** A class with more free pages than this is the donor. */
const FREE_PAGES_KEPT = 1.5;
/**
 * A page must be worth more to the taker than to the donor, by this factor and this many hits,
 * because a move costs a page of items.
 */
const GAIN_FACTOR_MIN = 2;
const GAIN_HITS_MIN = 4;
/**
 * The next victim of the donor must be idle longer than that of the taker, by this factor and time.
 */
const IDLE_FACTOR_MIN = 4;
const IDLE_SECONDS_MIN = 10;

/**
 * Decides which page changes its class, if any; it moves nothing. A page goes to the class where
 * one more page saves the most misses, from the class where the last page saves the fewest. The
 * same count, `pageHits`, estimates both, because each further page saves fewer misses. In the end
 * a page is worth the same in every class, and misses are fewest (Cliffhanger: Cidon, Eisenman,
 * Alizadeh, Katti, NSDI 2016). `pagesOverLimit` is how many pages the classes must give back.
 */
export function planPageMove(
  classes: readonly ClassSample[],
  pagesOverLimit: number,
): PageMove | undefined {
  const donors = classes.filter(({ pages }) => pages > 1);
  const freest = maxBy(donors, ({ freePages }) => freePages);
  const hasFreePages = freest !== undefined && freest.freePages > FREE_PAGES_KEPT;
  const donor = hasFreePages ? freest : maxBy(donors, (each) => -lossOfPage(each));
  if (donor === undefined) return undefined;
  if (pagesOverLimit > 0) return { from: donor.sizeClass, to: 0 };
  const takers = classes.filter((each) => each !== donor && each.evicts);
  const taker = maxBy(takers, ({ pageHits }) => pageHits);
  if (taker === undefined) return undefined;
  const gains = taker.pageHits > lossOfPage(donor) * GAIN_FACTOR_MIN + GAIN_HITS_MIN;
  if (hasFreePages || gains) return { from: donor.sizeClass, to: taker.sizeClass };
  return planByAge(classes);
}

/**
 * Page hits do not show every need: a class may serve values that clients read once, some time
 * later, or it may be so small that it evicts a value before a client stores it again. Such a class
 * receives the pages of a class that no client uses any more (memcached moves all its pages by such
 * ages).
 */
function planByAge(classes: readonly ClassSample[]): PageMove | undefined {
  const unused = classes.filter(({ pages, pageHits }) => pages > 1 && pageHits < 1);
  const oldest = maxBy(unused, ({ idleSeconds }) => idleSeconds);
  const takers = classes.filter((each) => each !== oldest && each.evicts);
  const youngest = maxBy(takers, ({ idleSeconds }) => -idleSeconds);
  if (oldest === undefined || youngest === undefined) return undefined;
  const isOld = oldest.idleSeconds > youngest.idleSeconds * IDLE_FACTOR_MIN + IDLE_SECONDS_MIN;
  return isOld ? { from: oldest.sizeClass, to: youngest.sizeClass } : undefined;
}

function maxBy<T>(all: readonly T[], worth: (one: T) => number): T | undefined {
  let best: T | undefined;
  for (const one of all) if (best === undefined || worth(one) > worth(best)) best = one;
  return best;
}

/**
 * The estimated hits that a class loses with a page. They exceed the hits that it gains with one
 * more page, most of all if it has few pages.
 */
const lossOfPage = ({ pageHits, pages }: ClassSample): number => (pageHits * pages) / (pages - 1);
