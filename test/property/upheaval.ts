import { Maintainer, PAGE_BYTES, type Store, type TunableName } from '../../src/store/index.ts';
import type { Random } from '../support/random.ts';

const NO_STRIPE = -1;
const PAGES_MAX = 8;

/** What may be set to what while a store is at work. */
const SWITCHES: readonly (readonly [TunableName, readonly number[]])[] = [
  ['segmented', [0, 1, 1]],
  ['eviction', [0, 1]],
  ['tempLru', [0, 1]],
  ['tempTtlSeconds', [2, 61]],
  ['reassign', [0, 1, 1, 1]],
  ['automove', [0, 1, 2]],
  ['crawlerEnabled', [0, 1, 1]],
  ['maintainer', [0, 1, 1]],
  ['hotPercent', [1, 20, 60]],
  ['warmPercent', [1, 40]],
  ['evictsToFree', [0, 1, 1, 1, 1, 1, 1, 1]],
];

/** Everything that happens to a store besides what clients ask for, at random and too often. */
export class Upheaval {
  readonly #store: Store;
  readonly #random: Random;
  readonly #maintainer: Maintainer;

  constructor(store: Store, random: Random) {
    this.#store = store;
    this.#random = random;
    this.#maintainer = new Maintainer(store);
  }

  step(): void {
    const { lifetimes } = this.#store;
    const kind = this.#random.int(0, 19);
    if (kind < 8) this.#maintainer.turn();
    else if (kind < 12) lifetimes.tick(lifetimes.now() + this.#random.pick([1, 1, 1, 1, 1, 2, 30]));
    else if (kind < 16) this.#movePage();
    else if (kind < 17) this.#store.limitMemory(this.#random.int(1, PAGES_MAX) * PAGE_BYTES);
    else if (kind < 18) this.#store.expiries.askFor(this.#classId());
    else this.#turnSwitch();
  }

  #movePage(): void {
    const from = this.#random.oneIn(2) ? this.#store.classOfMostPages(0) : this.#classId();
    const to = this.#random.oneIn(4) ? 0 : this.#classId();
    if (from !== to && from !== 0) this.#store.mover.move(from, to, NO_STRIPE);
  }

  #turnSwitch(): void {
    const [name, values] = this.#random.pick(SWITCHES);
    this.#store.tunables.set(name, this.#random.pick(values));
  }

  #classId(): number {
    return this.#random.int(1, this.#store.chunkBytes.length - 1);
  }
}
