/** A request of this size counts. */
export const LARGE_BYTES = 1024 * 1024;
/** A link takes no further request once it has so many bytes. */
const BYTES_MAX = 32 * 1024 * 1024;

/**
 * The large requests of one thread that are on their way to other nodes. Each is in memory twice
 * until its reply comes, so further ones wait in their connections: any number of clients costs two
 * times BYTES_MAX, or two times the one larger request that is alone on its way.
 */
export class LargeForwards {
  #bytes = 0;
  readonly #waiting = new Set<() => void>();

  /** Whether a request of so many bytes may leave. */
  admits(bytes: number): boolean {
    return bytes < LARGE_BYTES || this.#bytes === 0 || this.#bytes + bytes <= BYTES_MAX;
  }

  /** Calls `wake` once when a request may be admitted. */
  wait(wake: () => void): void {
    this.#waiting.add(wake);
  }

  /** The waiting connection has closed. */
  leave(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  /** A request leaves. */
  begin(bytes: number): void {
    if (bytes >= LARGE_BYTES) this.#bytes += bytes;
  }

  /** The request has its reply. */
  end(bytes: number): void {
    if (bytes < LARGE_BYTES) return;
    this.#bytes -= bytes;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
