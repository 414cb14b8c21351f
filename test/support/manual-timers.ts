import type { Timers } from '../../src/cluster/thread/timers.ts';

interface Due {
  readonly atMs: number;
  readonly fire: () => void;
}

/** Timers that fire when a test advances them. */
export class ManualTimers implements Timers {
  /** How much the clock of this machine is ahead of the others. */
  aheadMs = 0;
  #nowMs = 1000;
  #due: Due[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  unixMs(): number {
    return 1_800_000_000_000 + this.aheadMs + this.#nowMs;
  }

  setTimer(fire: () => void, delayMs: number): { cancel(): void } {
    const due = { atMs: this.#nowMs + delayMs, fire };
    this.#due.push(due);
    return {
      cancel: () => {
        this.#due = this.#due.filter((each) => each !== due);
      },
    };
  }

  /** The time goes on, and nothing fires. */
  freeze(ms: number): void {
    this.#nowMs += ms;
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#due.sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#due.shift();
      this.#nowMs = next.atMs;
      next.fire();
    }
    this.#nowMs = untilMs;
  }
}
