const ITEMS = 0;
const ITEMS_TOTAL = 1;
const BYTES = 2;
const WORDS = 3;

/** How far a snapshot job is. */
export interface SnapshotProgress {
  readonly items: number;
  /** The items that the file will have, or has; 0 until the job knows it. */
  readonly itemsTotal: number;
  /** Keys and values of `items`. */
  readonly bytes: number;
}

/** The progress of a job, in memory that the main thread reads at any time. */
export class JobProgress {
  readonly #words: BigInt64Array;

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS * BigInt64Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#words = new BigInt64Array(memory);
  }

  show({ items, itemsTotal, bytes }: SnapshotProgress): void {
    Atomics.store(this.#words, ITEMS, BigInt(items));
    Atomics.store(this.#words, ITEMS_TOTAL, BigInt(itemsTotal));
    Atomics.store(this.#words, BYTES, BigInt(bytes));
  }

  now(): SnapshotProgress {
    const [items, itemsTotal, bytes] = [ITEMS, ITEMS_TOTAL, BYTES].map((word) =>
      Number(Atomics.load(this.#words, word)),
    );
    return { items: items!, itemsTotal: itemsTotal!, bytes: bytes! };
  }
}
