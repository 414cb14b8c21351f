import type { StoreParts } from './assemble.ts';
import { MAINTAINER_SLEEP, Maintainer } from './upkeep/maintainer.ts';

/** Advances the clock of a store and maintains the store. Exactly one thread runs it, in slices. */
export class StoreUpkeep {
  /** How long the thread sleeps after a slice that left nothing to do. */
  readonly idleMs: number = MAINTAINER_SLEEP.idleMs;
  readonly #parts: StoreParts;
  readonly #maintainer: Maintainer;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#maintainer = new Maintainer(parts);
  }

  /** Runs a slice at this Unix time; returns the milliseconds until the next one is due. */
  runSlice(unixMs: number): number {
    const { clock } = this.#parts;
    clock.tick(Math.floor(unixMs / 1000) - clock.epoch());
    return this.#maintainer.runSlice();
  }
}
