import type { ClientClock } from '../../../src/client/base/client-clock.ts';
import type { ClientTimer } from '../../../src/client/connection/runtime.ts';

/** The clock does not wait for timers that are further away. */
const TIMER_MS_MAX = 600_000;
const START_UNIX_MS = 1_700_000_000_000;

/** A simulated clock with timers; only `fireNext` advances it. */
export class SimClock implements ClientClock {
  #now = 1000;
  readonly #timers = new Map<ClientTimer, { readonly at: number; readonly onFire: () => void }>();

  now(): number {
    return this.#now;
  }

  unixMs(): number {
    return START_UNIX_MS + this.#now;
  }

  setTimer(onFire: () => void, delayMs: number): ClientTimer {
    const timer: ClientTimer = { cancel: () => void this.#timers.delete(timer), unref: () => {} };
    this.#timers.set(timer, { at: this.#now + Math.max(1, delayMs), onFire });
    return timer;
  }

  /** Advances to the next timer and fires it; returns false if there is none. */
  fireNext(): boolean {
    let next: ClientTimer | undefined;
    let nextAt = this.#now + TIMER_MS_MAX;
    for (const [timer, { at }] of this.#timers) if (at < nextAt) [next, nextAt] = [timer, at];
    if (next === undefined) return false;
    const { onFire } = this.#timers.get(next)!;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, nextAt);
    onFire();
    return true;
  }
}
