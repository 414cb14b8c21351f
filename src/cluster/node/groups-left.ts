/**
 * The groups of buckets in which the first walk of a fill left items for a later walk: most items
 * of a store do not move when a node joins, and each look costs a miss of the processor's cache.
 */
export class GroupsLeft {
  readonly #groups: number;
  /** A bit for each group. */
  readonly #bits: Uint8Array;

  constructor(groups: number) {
    this.#groups = groups;
    this.#bits = new Uint8Array(Math.ceil(groups / 8));
  }

  add(group: number): void {
    this.#bits[group >>> 3]! |= 1 << (group & 7);
  }

  /** True for all groups of a walk after the index has grown: it has other groups. */
  has(group: number, groups: number): boolean {
    return groups !== this.#groups || (this.#bits[group >>> 3]! & (1 << (group & 7))) !== 0;
  }
}
