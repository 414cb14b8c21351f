/** Header words: the KiB that all connections hold, and whether a paused client waits too long. */
const HELD = 0;
const STARVED = 1;
/** The words of the header, and of each thread: a cache line. */
const LINE_WORDS = 16;
/** Long lines grow only while the connections hold less than this part of the limit. */
const GROWTH_SHARE = 0.75;
/** The longest line grows up to this part; replies and keys of gets have the rest. */
const LONGEST_SHARE = 0.875;

/**
 * The memory that the connections of all threads hold in buffers, and its limit, in KiB. The memory
 * is shared. Each thread publishes the size of its largest holder, so that the threads agree on
 * which of them closes a connection.
 */
export class BufferBudget {
  readonly limitKib: number;
  readonly #words: Int32Array;

  static allocate(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer((1 + threads) * LINE_WORDS * 4);
  }

  constructor(memory: SharedArrayBuffer, limitKib: number) {
    this.#words = new Int32Array(memory);
    this.limitKib = limitKib;
  }

  get heldKib(): number {
    return Atomics.load(this.#words, HELD);
  }

  hold(moreKib: number): void {
    Atomics.add(this.#words, HELD, moreKib);
  }

  isOver(): boolean {
    return this.heldKib > this.limitKib;
  }

  /** Whether a long line may grow by this much. */
  admits(moreKib: number): boolean {
    return this.heldKib + moreKib <= this.limitKib * GROWTH_SHARE;
  }

  /** Whether the longest of the paused lines may grow by this much. */
  admitsLongest(moreKib: number): boolean {
    return this.heldKib + moreKib <= this.limitKib * LONGEST_SHARE;
  }

  /** Asks the thread with the largest holder to close it, so that a paused client can go on. */
  starve(): void {
    Atomics.store(this.#words, STARVED, 1);
  }

  /** Takes a request of `starve`; returns whether there was one. */
  takeStarved(): boolean {
    return Atomics.exchange(this.#words, STARVED, 0) === 1;
  }

  publishLargest(thread: number, size: number): void {
    Atomics.store(this.#words, (1 + thread) * LINE_WORDS, size);
  }

  /** Whether no other thread has a larger holder than `size`. */
  isLargest(size: number): boolean {
    for (let at = LINE_WORDS; at < this.#words.length; at += LINE_WORDS) {
      if (Atomics.load(this.#words, at) > size) return false;
    }
    return true;
  }
}
