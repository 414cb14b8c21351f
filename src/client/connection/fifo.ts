const COMPACT_FROM = 1024;

/** A queue that takes and gives at constant cost. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Puts items in front of all, in their order. */
  putBack(items: readonly T[]): void {
    this.#items = [...items, ...this.drain()];
  }

  shift(): void {
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= COMPACT_FROM && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at]!;
  }

  /** Takes all. */
  drain(): readonly T[] {
    const left = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return left;
  }
}
