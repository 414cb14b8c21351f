import { assert } from '../base/index.ts';
import type { Arena } from './arena.ts';
import { TUNABLE_SLOTS } from './layout.ts';

/**
 * The numbers that steer the store and may change while it runs, with their defaults (memcached's,
 * where memcached has them). Yes and no are 1 and 0.
 */
const DEFAULTS = {
  /** Whether there are segments at all; without them there is one list with second chances. */
  segmented: 1,
  /** What HOT and WARM may have of a class, in percent. */
  hotPercent: 20,
  warmPercent: 40,
  /** How much younger than COLD's tail HOT's and WARM's must stay. */
  hotMaxFactor: 0.2,
  warmMaxFactor: 2,
  /** Whether items with a TTL of at most `tempTtlSeconds` have a segment of their own. */
  tempLru: 0,
  tempTtlSeconds: 61,
  /** Which items give way: a number of EVICTION. */
  eviction: 1,
  /** Whether items give way at all (without: `-M`). */
  evictsToFree: 1,
  /** Whether pages may change their class at all. */
  reassign: 1,
  /** 0: pages stay until they are told; 1 and 2: they go where they save most misses. */
  automove: 1,
  automoveRatio: 0.8,
  crawlerEnabled: 1,
  crawlerSleepUs: 100,
  crawlerToCrawl: 0,
  /** Whether items are counted by size. */
  trackSizes: 0,
  /** Whether the lists are looked after aside. */
  maintainer: 1,
} as const;

export type TunableName = keyof typeof DEFAULTS;

/** Which items give way. */
export const EVICTION = { segmented: 0, s3fifo: 1 } as const;

const SLOT = Object.fromEntries(Object.keys(DEFAULTS).map((name, slot) => [name, slot])) as Record<
  TunableName,
  number
>;
assert(Object.keys(DEFAULTS).length <= TUNABLE_SLOTS, 'each tunable has its slot');

/** The numbers in shared memory: who sets one sets it for all threads. */
export class Tunables {
  readonly #slots: Float64Array;

  constructor(arena: Pick<Arena, 'tunables'>) {
    this.#slots = arena.tunables;
  }

  get(name: TunableName): number {
    return this.#slots[SLOT[name]]!;
  }

  set(name: TunableName, value: number): void {
    this.#slots[SLOT[name]] = value;
  }

  /** All as they are when nobody says otherwise. */
  setDefaults(given: Partial<Record<TunableName, number>> = {}): void {
    for (const [name, value] of Object.entries({ ...DEFAULTS, ...given })) {
      this.#slots[SLOT[name as TunableName]] = value;
    }
  }
}
