import { lock, unlock } from '../../base/index.ts';
import type { Arena } from './arena.ts';
import { CLASS } from './layout.ts';

/**
 * The locks of the size classes: each protects the LRU lists, the free chunks and the totals of its
 * class.
 *
 * A thread takes the locks of a store in this order: stripe, the page mover's lock, size class,
 * page pool; and of two classes the largest first (it lists the chained items, whose chunks are
 * also in other classes). A thread that holds the mover's lock or a class lock may only *try* a
 * stripe. While a thread holds any of these locks it neither throws nor allocates, so it always
 * reaches the unlock. If a thread dies while it holds a lock, the node ends.
 */
export class ClassLocks {
  readonly #classes: Int32Array;

  constructor(arena: Arena) {
    this.#classes = arena.classes;
  }

  lock(sizeClass: number): void {
    lock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }

  unlock(sizeClass: number): void {
    unlock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }
}
