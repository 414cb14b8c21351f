/**
 * Items that are sent together: those whose last access was in the seconds from `from` until before
 * `end`, and those whose last access was at `again` or later.
 */
export interface AccessBand {
  readonly from: number;
  readonly end: number;
  readonly again: number;
}

/** A walk for each band costs a look at each item. */
const BANDS_MAX = 4;
const AGES = 33;
/** A thread that lost its core may use an item at the second that it read so long ago. */
const LATE_SECONDS = 2;
const ALL: AccessBand = { from: Number.NEGATIVE_INFINITY, end: Infinity, again: Infinity };

/** Counts items by the age of their last access, in steps of powers of two. */
export class AccessAges {
  readonly #counts = new Uint32Array(AGES);
  readonly #nowSeconds: number;

  /** Times are seconds on the store's clock. */
  constructor(nowSeconds: number) {
    this.#nowSeconds = nowSeconds;
  }

  add(access: number): void {
    this.#counts[ageOf(this.#nowSeconds - access)]! += 1;
  }

  /**
   * The bands of a fill, those of the last accesses first, each with about as many items.
   *
   * An item that a client uses during the fill leaves its band, before the walk for it or after it.
   * So the last band has all items that were used since the fill began: some are sent twice.
   */
  bands(): readonly AccessBand[] {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    const ends: number[] = [];
    let items = 0;
    for (const [age, count] of this.#counts.entries()) {
      items += count;
      const isPart = items >= ((ends.length + 1) * total) / BANDS_MAX;
      if (isPart && items < total) ends.push(this.#nowSeconds - oldestOf(age));
    }
    if (ends.length === 0) return [ALL];
    return [...ends, ALL.from].map((from, nth) => {
      const isLast = nth === ends.length;
      const again = isLast ? this.#nowSeconds - LATE_SECONDS : Infinity;
      return { from, end: nth === 0 ? Infinity : ends[nth - 1]!, again };
    });
  }
}

export function isInBand({ from, end, again }: AccessBand, access: number): boolean {
  return (access >= from && access < end) || access >= again;
}

/** 0 for an age of 0 seconds, 1 for 1, 2 for 2 and 3, 3 for 4 to 7 … */
function ageOf(seconds: number): number {
  return seconds <= 0 ? 0 : 32 - Math.clz32(seconds);
}

/** The greatest age of a step, in seconds. */
function oldestOf(age: number): number {
  return 2 ** age - 1;
}
