/** Bounds of an LruMap. */
export interface LruBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

interface Entry<T> {
  readonly value: T;
  readonly bytes: number;
  readonly expiresAtMs: number;
}

/** Values by key, as many as fit; the one that was not used for longest makes room. */
export class LruMap<T> {
  readonly #bounds: LruBounds;
  /** In the order of their last use: a Map keeps the order in which keys were put. */
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;
  /** Values that made room for others. */
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

  /** Keeps the value; one that alone is over the bound is not kept. */
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
