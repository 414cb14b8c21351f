/** Runs events in the order of their times, in a simulated time. */
export class Schedule {
  nowMs = 0;
  #events: { readonly atMs: number; readonly run: () => void }[] = [];

  after(delayMs: number, run: () => void): { cancel(): void } {
    const event = { atMs: this.nowMs + delayMs, run };
    this.#events.push(event);
    const cancel = (): void => {
      this.#events = this.#events.filter((one) => one !== event);
    };
    return { cancel };
  }

  /** Runs the next event; false after `endMs`. */
  step(endMs: number): boolean {
    const next = this.#events.reduce((a, b) => (b.atMs < a.atMs ? b : a));
    if (next.atMs > endMs) return false;
    this.#events = this.#events.filter((one) => one !== next);
    this.nowMs = next.atMs;
    next.run();
    return true;
  }
}
