import { machineRuntime, type Timing } from '../connection/runtime.ts';
import type { Loader, SureLoader } from '../operations/cache.ts';
import type { LoadOptions } from '../option-types/patterns.ts';
import type { LeasingCache } from './lease-writes.ts';
import { LoadCoordinator, type LoadCounts } from './load-coordinator.ts';

/** The `getOrSet` of a cache, with counters of its own and an end for a clean shutdown. */
export class ReadThrough {
  readonly #cache: LeasingCache;
  readonly #loads: LoadCoordinator;

  /** @param timing internal: what a test simulates. */
  constructor(cache: LeasingCache, timing: Timing = machineRuntime) {
    this.#cache = cache;
    this.#loads = new LoadCoordinator(timing);
  }

  get counts(): LoadCounts {
    return this.#loads.counts;
  }

  /** Returns the value of the key; on a miss it calls `load` and stores the result. */
  getOrSet<T>(key: string, load: SureLoader<T>, options?: LoadOptions): Promise<T>;
  getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T | undefined>;
  getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T | undefined> {
    return this.#loads.getOrSet(this.#cache, key, load, options);
  }

  /** Resolves when the refreshes that run in the background now have settled. */
  settled(): Promise<void> {
    return this.#loads.settled();
  }
}
