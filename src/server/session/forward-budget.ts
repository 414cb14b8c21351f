/** The requests of one thread to one member have so many bytes together, unless one has more. */
const BYTES_MAX = 16 * 1024 * 1024;
/** A run of requests counts as at least so many bytes, so that runs are bounded too. */
const RUN_BYTES_MIN = 2048;
/** Connections that wait go on once the requests on their way have so many bytes. */
const WAKE_BYTES = BYTES_MAX / 2;

/**
 * The requests of one thread that are on their way to one member. Each is in memory twice until its
 * reply comes. Further ones wait in their connections, so a slow member and a client that sends
 * much do not use up the link that others need.
 */
export class ForwardBudget {
  #bytes = 0;
  readonly #waiting = new Set<() => void>();

  /** Whether a request of so many bytes may leave: not before one that waits. */
  admits(bytes: number): boolean {
    if (this.#waiting.size > 0) return false;
    return this.#bytes === 0 || this.#bytes + bytes <= BYTES_MAX;
  }

  /** Calls `wake` once, when a request may be admitted. */
  wait(wake: () => void): void {
    this.#waiting.add(wake);
  }

  /** The waiting connection has closed. */
  leave(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  /** A run of requests leaves. */
  begin(bytes: number): void {
    this.#bytes += costOf(bytes);
  }

  /** The run has its replies. */
  end(bytes: number): void {
    this.#bytes -= costOf(bytes);
    if (this.#waiting.size === 0 || this.#bytes > WAKE_BYTES) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

/** One budget for each member, by its index in the topology. */
export class ForwardBudgets {
  readonly #budgets: ForwardBudget[] = [];

  of(member: number): ForwardBudget {
    const known = this.#budgets[member];
    if (known !== undefined) return known;
    const budget = new ForwardBudget();
    this.#budgets[member] = budget;
    return budget;
  }
}

function costOf(bytes: number): number {
  return Math.max(bytes, RUN_BYTES_MIN);
}
