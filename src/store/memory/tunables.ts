import { assert } from '../../base/index.ts';
import type { Arena } from './arena.ts';
import { TUNABLE_SLOTS } from './layout.ts';

/**
 * The settings that may change while the store runs, with their defaults (memcached's, where
 * memcached has the setting). A switch is 1 for on, 0 for off.
 */
const DEFAULTS = {
  /**
   * Whether the LRU lists have segments; without them each class has one list with second chances.
   */
  segmented: 1,
  /** The share of a class's items that HOT and WARM may hold, in percent. */
  hotPercent: 20,
  warmPercent: 40,
  /** The tails of HOT and WARM may have at most this multiple of the age of COLD's tail. */
  hotMaxFactor: 0.2,
  warmMaxFactor: 2,
  /** Whether items with a ttl of at most `tempTtl` seconds have a segment of their own (TEMP). */
  tempLru: 0,
  tempTtl: 61,
  /** The eviction policy: a number of EVICTION. */
  eviction: 1,
  /** Whether the store evicts items to free memory (off: `-M`). */
  evictsToFree: 1,
  /** Whether pages may change their class. */
  reassign: 1,
  /**
   * 0: pages move only on request; 1 and 2: the maintainer moves them to where they save misses.
   */
  automove: 1,
  /** Shown only, because page moves follow the misses on recently evicted keys. */
  automoveRatio: 0.8,
  automoveWindow: 10,
  automoveFreeRatio: 0.01,
  crawlerEnabled: 1,
  crawlerSleepUs: 100,
  crawlerToCrawl: 0,
  /** Whether the size histogram is enabled. */
  trackSizes: 0,
  /** Whether the maintainer balances the segments of the LRU lists. */
  maintainer: 1,
} as const;

export type TunableName = keyof typeof DEFAULTS;

/** The eviction policies. */
export const EVICTION = { segmented: 0, s3fifo: 1 } as const;

/** The slot of each tunable. */
export const TUNABLE_SLOT = Object.fromEntries(
  Object.keys(DEFAULTS).map((name, slot) => [name, slot]),
) as Record<TunableName, number>;
assert(Object.keys(DEFAULTS).length <= TUNABLE_SLOTS, 'each tunable needs a slot');

/** The tunables in shared memory: a thread that sets one sets it for all threads. */
export class Tunables {
  readonly #slots: Float64Array;

  constructor(arena: Pick<Arena, 'tunables'>) {
    this.#slots = arena.tunables;
  }

  get(name: TunableName): number {
    return this.#slots[TUNABLE_SLOT[name]]!;
  }

  /**
   * The tunable in this slot of TUNABLE_SLOT, for the path of a set. `get` is slower, because V8
   * calls generic code to read a property whose name varies.
   */
  at(slot: number): number {
    return this.#slots[slot]!;
  }

  set(name: TunableName, value: number): void {
    this.#slots[TUNABLE_SLOT[name]] = value;
  }

  /** Sets each tunable to its given value, or else to its default. */
  setDefaults(given: Partial<Record<TunableName, number>> = {}): void {
    for (const [name, value] of Object.entries({ ...DEFAULTS, ...given })) {
      this.#slots[TUNABLE_SLOT[name as TunableName]] = value;
    }
  }
}
