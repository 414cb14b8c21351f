import { lock, tryLock, unlock } from '../../base/index.ts';
import type { Arena } from './arena.ts';
import { STRIPES } from './layout.ts';

/** The stripe of a caller that holds none. */
export const NO_STRIPE = -1;

/** The stripe of a key with this hash, and of its bucket. */
export function stripeOf(hash: number): number {
  return hash & (STRIPES - 1);
}

/**
 * The stripes: each is a lock for the linked items of its keys and for their buckets. A method
 * takes the hash of the key, or a number with the same low bits: the stripe itself or the bucket.
 */
export class StripeLocks {
  readonly #stripes: Int32Array;

  constructor(arena: Arena) {
    this.#stripes = arena.stripes;
  }

  lock(hash: number): void {
    lock(this.#stripes, hash & (STRIPES - 1));
  }

  tryLock(hash: number): boolean {
    return tryLock(this.#stripes, hash & (STRIPES - 1));
  }

  unlock(hash: number): void {
    unlock(this.#stripes, hash & (STRIPES - 1));
  }
}
