/**
 * One timer for many deadlines: it is set to the earliest, and whoever hears it looks at all of them.
 * Times are on the monotonic clock, in milliseconds.
 */
export class Alarm {
  readonly #ring: (now: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(ring: (now: number) => void) {
    this.#ring = ring;
  }

  /** Rings at `at`, or earlier if it was already to. */
  by(at: number): void {
    if (at >= this.#at) return;
    this.stop();
    this.#at = at;
    const delayMs = Math.max(1, Math.ceil(at - performance.now()));
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#ring(performance.now());
    }, delayMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }
}
