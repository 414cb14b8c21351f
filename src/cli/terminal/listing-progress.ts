import type { ProgressBar } from './progress-bar.ts';

/** The progress of a listing of all nodes, on one bar. It never goes back. */
export class ListingProgress {
  readonly #bar: ProgressBar;
  /** The nodes that have not said how many keys they have. */
  #unknownNodes = 0;
  #expected = 0;
  #listed = 0;

  constructor(bar: ProgressBar) {
    this.#bar = bar;
  }

  /**
   * A node begins; `keys` are those that it has. The bar appears when the last node has said so, or
   * has failed: before, its percentage would be one of a part of the keys.
   */
  async expect(keys: Promise<number>): Promise<void> {
    this.#unknownNodes++;
    try {
      const count = await keys;
      this.#expected += count;
    } finally {
      this.#unknownNodes--;
    }
  }

  add(keys: number): void {
    this.#listed += keys;
    if (this.#unknownNodes > 0) return;
    const fraction = Math.min(1, this.#listed / Math.max(1, this.#expected));
    this.#bar.draw({ title: 'listing', fraction, count: this.#listed, unit: 'keys' });
  }

  clear(): void {
    this.#bar.clear();
  }
}
