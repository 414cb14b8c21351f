import type { StoreShare } from './arena.ts';
import { CONTROL } from './layout.ts';

/** The flag that ends the work of all threads on a store. It is never lowered. */
export class StopFlag {
  readonly #control: Int32Array;

  constructor(share: StoreShare) {
    this.#control = new Int32Array(share.memory, 0, CONTROL.bytes / 4);
  }

  /** Raises the flag and wakes every thread that waits for it. */
  raise(): void {
    Atomics.store(this.#control, CONTROL.stop, 1);
    Atomics.notify(this.#control, CONTROL.stop);
  }

  /**
   * Blocks this thread until the flag is raised or the time is over; returns whether it is raised.
   */
  wait(timeoutMs: number): boolean {
    return Atomics.wait(this.#control, CONTROL.stop, 0, timeoutMs) !== 'timed-out';
  }

  /** Resolves once the flag is raised. */
  async whenRaised(): Promise<void> {
    await Atomics.waitAsync(this.#control, CONTROL.stop, 0).value;
  }
}
