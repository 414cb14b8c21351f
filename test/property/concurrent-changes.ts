import type { StoreParts } from '../../src/store/assemble.ts';
import type { TunableName } from '../../src/store/index.ts';
import { Maintainer } from '../../src/store/upkeep/maintainer.ts';
import type { Random } from '../support/random.ts';

const NO_STRIPE = -1;
const PAGES_MAX = 8;

/** Tunables that may change while a store serves, and their values. */
const TUNABLE_VALUES: readonly (readonly [TunableName, readonly number[]])[] = [
  ['segmented', [0, 1, 1]],
  ['eviction', [0, 1]],
  ['tempLru', [0, 1]],
  ['tempTtl', [2, 61]],
  ['reassign', [0, 1, 1, 1]],
  ['automove', [0, 1, 2]],
  ['crawlerEnabled', [0, 1, 1]],
  ['maintainer', [0, 1, 1]],
  ['hotPercent', [1, 20, 60]],
  ['warmPercent', [1, 40]],
  ['evictsToFree', [0, 1, 1, 1, 1, 1, 1, 1]],
];

/** Changes of a store that do not come from clients, at random and more often than in practice. */
export class ConcurrentChanges {
  readonly #parts: StoreParts;
  readonly #random: Random;
  readonly #maintainer: Maintainer;

  constructor(parts: StoreParts, random: Random) {
    this.#parts = parts;
    this.#random = random;
    this.#maintainer = new Maintainer(parts);
  }

  step(): void {
    const { clock } = this.#parts;
    const kind = this.#random.int(0, 19);
    if (kind < 8) this.#maintainer.runSlice();
    else if (kind < 12) clock.tick(clock.now() + this.#random.pick([1, 1, 1, 1, 1, 2, 30]));
    else if (kind < 16) this.#movePage();
    else if (kind < 17) this.#parts.pagePool.setLimit(this.#random.int(1, PAGES_MAX));
    else if (kind < 18) this.#parts.expiryHints.requestCrawl(this.#classId());
    else this.#changeTunable();
  }

  #movePage(): void {
    const from = this.#random.oneIn(2) ? this.#parts.slabs.classWithMostPages(0) : this.#classId();
    const to = this.#random.oneIn(4) ? 0 : this.#classId();
    if (from !== to && from !== 0) this.#parts.pageMover.move(from, to, NO_STRIPE);
  }

  #changeTunable(): void {
    const [name, values] = this.#random.pick(TUNABLE_VALUES);
    this.#parts.tunables.set(name, this.#random.pick(values));
  }

  #classId(): number {
    return this.#random.int(1, this.#parts.arena.sizeClasses.chunkBytes.length - 1);
  }
}
