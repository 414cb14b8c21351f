/** The bounds of an LruMap. */
interface LruBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

interface Entry<T> {
  readonly value: T;
  readonly bytes: number;
  readonly expiresAtMs: number;
}

/** A bounded map with expiry. It evicts the least recently used entries. */
export class LruMap<T> {
  readonly #bounds: LruBounds;
  /**
   * A Map iterates in insertion order; each use inserts its entry again, so the oldest is first.
   */
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;
  /** How many entries the map has evicted. */
  evictions = 0;

  constructor(bounds: LruBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string, nowMs: number): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expiresAtMs > nowMs) this.#entries.set(key, entry);
    else this.#bytes -= entry.bytes;
    return entry.expiresAtMs > nowMs ? entry.value : undefined;
  }

  /** Stores the value, unless it alone exceeds `maxBytes`. */
  put(key: string, value: T, bytes: number, expiresAtMs: number): void {
    this.delete(key);
    if (bytes > this.#bounds.maxBytes) return;
    this.#entries.set(key, { value, bytes, expiresAtMs });
    this.#bytes += bytes;
    while (this.#entries.size > this.#bounds.maxEntries || this.#bytes > this.#bounds.maxBytes) {
      const [oldest] = this.#entries.keys();
      this.delete(oldest!);
      this.evictions++;
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
