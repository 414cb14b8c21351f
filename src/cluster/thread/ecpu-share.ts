const LIMIT = 0;
/** As words of 32 bits, behind the limit. */
const LEVEL = 2;
const LEAKED_AT = 3;
const BYTES = 16;
/** The level counts in hundredths of an ECPU. */
const PARTS = 100;
/** What may be used at once: that of so many seconds. */
const BURST_SECONDS = 0.1;
/** So much of a level counts that it fits into its word. */
const LEVEL_MAX = 2 ** 30;
const MS_PER_SECOND = 1000;

/**
 * What the threads of a proxy use together: a bucket that leaks as fast as the limit says. The
 * threads add to it without a lock; the one that finds it full lets it leak.
 */
export class EcpuShare {
  readonly #limit: Float64Array;
  readonly #words: Int32Array;

  static allocate(perSecondMax: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(BYTES);
    new EcpuShare(memory).perSecondMax = perSecondMax;
    return memory;
  }

  constructor(memory: SharedArrayBuffer) {
    this.#limit = new Float64Array(memory, 0, 1);
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

  /** In how many milliseconds it may take more; 0: now. */
  msOver(nowMs: () => number): number {
    const perMs = (this.perSecondMax * PARTS) / MS_PER_SECOND;
    const burst = perMs * MS_PER_SECOND * BURST_SECONDS;
    if (Atomics.load(this.#words, LEVEL) <= burst) return 0;
    this.#leak(nowMs(), perMs);
    return Math.max(0, (Atomics.load(this.#words, LEVEL) - burst) / perMs);
  }

  #leak(nowMs: number, perMs: number): void {
    // The low bits of the time are enough: of two threads the one that changes them leaks.
    const now = nowMs | 0;
    const before = Atomics.load(this.#words, LEAKED_AT);
    const elapsedMs = (now - before) | 0;
    if (elapsedMs <= 0) return;
    if (Atomics.compareExchange(this.#words, LEAKED_AT, before, now) !== before) return;
    const level = Atomics.load(this.#words, LEVEL);
    const leaked = Math.min(level, Math.floor(elapsedMs * perMs));
    Atomics.sub(this.#words, LEVEL, leaked);
  }
}
