/** The newest value of a key that waits. */
interface QueuedValue<T> {
  value: T;
}

/**
 * Values that wait for their write to the source, by key and in the order in which the keys
 * arrived. A newer value replaces an older one of the same key that still waits. The values of the
 * current batch do not change.
 */
export class WriteQueue<T> {
  readonly #waiting = new Map<string, QueuedValue<T>>();
  /** The batch that the source is writing. */
  #batch: ReadonlyMap<string, T> = new Map();

  /** How many keys wait or are in the batch; a key that does both counts twice. */
  get size(): number {
    return this.#waiting.size + this.#batch.size;
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether a value of the key waits, so that a newer one needs no further room. */
  isWaiting(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** The newest value of the key that the source does not have yet. */
  newest(key: string): { readonly value: T } | undefined {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    return this.#batch.has(key) ? { value: this.#batch.get(key) as T } : undefined;
  }

  put(key: string, value: T): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, { value });
    else waiting.value = value;
  }

  /** Takes the next batch, of at most `maxKeys` keys. Call `completeBatch` before the next one. */
  takeBatch(maxKeys: number): ReadonlyMap<string, T> {
    const batch = new Map<string, T>();
    for (const [key, { value }] of this.#waiting) {
      if (batch.size === maxKeys) break;
      batch.set(key, value);
    }
    for (const key of batch.keys()) this.#waiting.delete(key);
    this.#batch = batch;
    return batch;
  }

  completeBatch(): void {
    this.#batch = new Map();
  }

  /** The newest value of every key that the source does not have yet. */
  unwritten(): Map<string, T> {
    const unwritten = new Map(this.#batch);
    for (const [key, { value }] of this.#waiting) unwritten.set(key, value);
    return unwritten;
  }
}
