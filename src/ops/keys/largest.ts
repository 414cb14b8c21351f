/** Keeps the elements with the largest sizes, in bounded memory. */
export class Largest<T> {
  readonly #max: number;
  readonly #sizeOf: (element: T) => number;
  /** A heap: the smallest element is the first. */
  readonly #heap: T[] = [];

  constructor(max: number, sizeOf: (element: T) => number) {
    this.#max = max;
    this.#sizeOf = sizeOf;
  }

  /** Whether an element of this size would be kept. */
  wants(size: number): boolean {
    if (this.#heap.length < this.#max) return this.#max > 0;
    return this.#max > 0 && size > this.#sizeOf(this.#heap[0]!);
  }

  add(element: T): void {
    if (!this.wants(this.#sizeOf(element))) return;
    const heap = this.#heap;
    if (heap.length < this.#max) {
      heap.push(element);
      this.#rise(heap.length - 1);
    } else {
      heap[0] = element;
      this.#sink();
    }
  }

  /** The elements, the largest first. */
  sorted(): readonly T[] {
    return this.#heap.toSorted((a, b) => this.#sizeOf(b) - this.#sizeOf(a));
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfSmaller(at, parent)) return;
      at = parent;
    }
  }

  #sink(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const child = this.#isSmaller(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfSmaller(child, at)) return;
      at = child;
    }
  }

  #swapIfSmaller(child: number, parent: number): boolean {
    if (!this.#isSmaller(child, parent)) return false;
    const heap = this.#heap;
    [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
    return true;
  }

  #isSmaller(a: number, b: number): boolean {
    const heap = this.#heap;
    return a < heap.length && this.#sizeOf(heap[a]!) < this.#sizeOf(heap[b]!);
  }
}
