import type { Arena } from './arena.ts';
import { CLASS, CONTROL } from './layout.ts';

/** What the crawler is told: when the first item of each class expires, and that it is wanted now. */
export class Expiries {
  readonly #control: Int32Array;
  readonly #classes: Int32Array;

  constructor(arena: Arena) {
    this.#control = arena.control;
    this.#classes = arena.classes;
  }

  /**
   * Remembers, for the crawler, when the first of the items in a class's pages expires. Without the class lock two such
   * notes may meet and the later time stay, until the item's end is met some other way.
   */
  note(sizeClass: number, expiry: number): void {
    if (expiry === 0) return;
    const at = sizeClass * CLASS.words + CLASS.soonest;
    const soonest = this.#classes[at]!;
    if (soonest === 0 || expiry < soonest) this.#classes[at] = expiry;
  }

  /** Has the crawler look at a class now, whether or not anything can have expired there. */
  askFor(sizeClass: number): void {
    this.#classes[sizeClass * CLASS.words + CLASS.soonest] = 1;
    Atomics.store(this.#control, CONTROL.crawlNow, 1);
  }

  /** Whether the crawler is at work, or was told to be. */
  isCrawling(): boolean {
    const control = this.#control;
    return (
      Atomics.load(control, CONTROL.crawling) === 1 || Atomics.load(control, CONTROL.crawlNow) === 1
    );
  }
}
