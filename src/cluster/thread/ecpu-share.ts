/** The limit and the time have words of 64 bits; the level, behind them, has one of 32 bits. */
const LIMIT = 0;
const LEAKED_AT = 1;
const LEVEL = 4;
const BYTES = 24;
/** The level counts in hundredths of an ECPU. */
const PARTS = 100;
/** What may be used at once: that of so many seconds. */
const BURST_SECONDS = 0.1;
/** So much of a level counts that it fits into its word. */
const LEVEL_MAX = 2 ** 30;
const MS_PER_SECOND = 1000;
const US_PER_MS = 1000;

/**
 * What the threads of a proxy use together: a bucket that leaks as fast as the limit says. The
 * threads add to it without a lock; the one that finds it full lets it leak.
 */
export class EcpuShare {
  readonly #limit: Float64Array;
  /** In microseconds. */
  readonly #times: BigInt64Array;
  readonly #words: Int32Array;

  static allocate(perSecondMax: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(BYTES);
    new EcpuShare(memory).perSecondMax = perSecondMax;
    return memory;
  }

  constructor(memory: SharedArrayBuffer) {
    this.#limit = new Float64Array(memory, 0, 1);
    this.#times = new BigInt64Array(memory, 0, 2);
    this.#words = new Int32Array(memory);
  }

  get perSecondMax(): number {
    return this.#limit[LIMIT]!;
  }

  set perSecondMax(ecpu: number) {
    this.#limit[LIMIT] = ecpu;
    Atomics.store(this.#words, LEVEL, 0);
  }

  add(ecpu: number): void {
    const parts = Math.ceil(ecpu * PARTS);
    const before = Atomics.add(this.#words, LEVEL, parts);
    if (before > LEVEL_MAX) Atomics.sub(this.#words, LEVEL, parts);
  }

  /**
   * In how many milliseconds it may take more; 0: now.
   * @param nowMs of a clock that all threads share.
   */
  msOver(nowMs: () => number): number {
    const perMs = (this.perSecondMax * PARTS) / MS_PER_SECOND;
    const burst = perMs * MS_PER_SECOND * BURST_SECONDS;
    if (Atomics.load(this.#words, LEVEL) <= burst) return 0;
    this.#leak(nowMs(), perMs);
    return Math.max(0, (Atomics.load(this.#words, LEVEL) - burst) / perMs);
  }

  #leak(nowMs: number, perMs: number): void {
    const now = BigInt(Math.floor(nowMs * US_PER_MS));
    const before = Atomics.load(this.#times, LEAKED_AT);
    const parts = Math.floor((Number(now - before) / US_PER_MS) * perMs);
    if (parts <= 0) return;
    // The time of a part that has not leaked yet counts for the next one.
    const until = before + BigInt(Math.ceil((parts / perMs) * US_PER_MS));
    // Of two threads the one that changes the time leaks.
    if (Atomics.compareExchange(this.#times, LEAKED_AT, before, until) !== before) return;
    // Other threads add, and one may leak for the time after: the level never gets below 0.
    for (;;) {
      const level = Atomics.load(this.#words, LEVEL);
      const left = Math.max(0, level - parts);
      if (Atomics.compareExchange(this.#words, LEVEL, level, left) === level) return;
    }
  }
}
