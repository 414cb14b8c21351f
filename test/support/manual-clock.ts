import type { Clock } from '../../src/base/index.ts';

/** A clock that stands still until a test advances it. */
export class ManualClock implements Clock {
  #ms: number;
  constructor(startMs = 1_700_000_000_000) {
    this.#ms = startMs;
  }
  nowMs(): number {
    return this.#ms;
  }
  advanceSeconds(seconds: number): void {
    this.#ms += seconds * 1000;
  }
}
