/** What one key's value is waiting for. */
interface Waiting<T> {
  value: T;
}

/**
 * Values that wait to be written, by key, in the order in which the keys came. A newer value takes
 * the place of an older one that waits; one that is being written is not touched any more.
 */
export class WriteQueue<T> {
  readonly #waiting = new Map<string, Waiting<T>>();
  #taken: ReadonlyMap<string, T> = new Map();

  /** Keys that wait or are being written; one that does both counts twice. */
  get size(): number {
    return this.#waiting.size + this.#taken.size;
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether a value of the key waits, so that a newer one takes no more room. */
  waits(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** The newest value of the key that is not yet written. */
  newest(key: string): { readonly value: T } | undefined {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting;
    return this.#taken.has(key) ? { value: this.#taken.get(key) as T } : undefined;
  }

  put(key: string, value: T): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, { value });
    else waiting.value = value;
  }

  /** The next values to write; there is one batch at a time, until `done` or `putBack`. */
  take(most: number): ReadonlyMap<string, T> {
    const batch = new Map<string, T>();
    for (const [key, { value }] of this.#waiting) {
      if (batch.size === most) break;
      batch.set(key, value);
    }
    for (const key of batch.keys()) this.#waiting.delete(key);
    this.#taken = batch;
    return batch;
  }

  done(): void {
    this.#taken = new Map();
  }

  /** Everything that is not yet written, newest values only. */
  rest(): Map<string, T> {
    const rest = new Map(this.#taken);
    for (const [key, { value }] of this.#waiting) rest.set(key, value);
    return rest;
  }
}
