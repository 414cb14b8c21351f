import type { Arena } from '../memory/arena.ts';
import { CLASS, CONTROL } from '../memory/layout.ts';

/**
 * Tells the crawler when the first item of each class expires, and that a client requests a pass.
 */
export class ExpiryHints {
  readonly #control: Int32Array;
  readonly #classes: Int32Array;

  constructor(arena: Arena) {
    this.#control = arena.control;
    this.#classes = arena.classes;
  }

  /**
   * Lowers the earliest expiry in the pages of a class to `expiry`. A caller without the class lock
   * may lose a race, and the later time stays: the crawler then finds the earlier item late, but a
   * read or an eviction still treats it as absent.
   */
  note(sizeClass: number, expiry: number): void {
    if (expiry === 0) return;
    const at = sizeClass * CLASS.words + CLASS.soonestExpiry;
    // After 2^31 seconds it is a negative word.
    const soonest = this.#classes[at]! >>> 0;
    if (soonest === 0 || expiry < soonest) this.#classes[at] = expiry;
  }

  /** Notes that a class still has a flushed item, and so the next pass over it is due. */
  noteFlushed(sizeClass: number): void {
    this.#classes[sizeClass * CLASS.words + CLASS.soonestExpiry] = 1;
    Atomics.store(this.#control, CONTROL.crawlFlushed, 1);
  }

  /** Requests a pass over a class now, even if no item in it can have expired. */
  requestCrawl(sizeClass: number): void {
    this.#classes[sizeClass * CLASS.words + CLASS.soonestExpiry] = 1;
    Atomics.store(this.#control, CONTROL.crawlNow, 1);
  }

  /** Whether the crawler makes a pass, or a client has requested one. */
  isCrawling(): boolean {
    const control = this.#control;
    return (
      Atomics.load(control, CONTROL.crawling) === 1 || Atomics.load(control, CONTROL.crawlNow) === 1
    );
  }
}
