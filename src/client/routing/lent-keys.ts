import type { Target } from './route.ts';

/** Keys remembered over all stand-ins; what else they hold goes by its short life. */
const KEYS_MAX = 65_536;

/**
 * Where keys were written last that were written elsewhere than at their own target. It outlives
 * changes of the nodes: who stood in before is not asked by a later list, and may stand in again
 * by the next.
 */
export class LentKeys {
  readonly #places = new Map<string, Target>();

  /**
   * Before a write: whoever has an older value of the key than the place where it is written
   * forgets it.
   */
  written(key: string, place: Target, own: Target): void {
    const before = this.#places.get(key);
    if (before !== undefined) {
      if (before !== place) before.forget(key);
      this.#places.delete(key);
    }
    if (place === own) return;
    own.forget(key);
    this.#places.set(key, place);
    if (this.#places.size > KEYS_MAX) this.#places.delete(this.#places.keys().next().value!);
  }
}
