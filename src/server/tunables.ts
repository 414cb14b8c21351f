import type { TunableName, Tunables } from '../commands/index.ts';

/** What clients may tune while a node runs, with memcached's defaults for what is not there yet. */
const DEFAULTS: Readonly<Record<TunableName, number>> = {
  hotPercent: 0,
  warmPercent: 0,
  hotMaxFactor: 0,
  warmMaxFactor: 0,
  automove: 0,
  automoveRatio: 0,
  crawlerSleepUs: 0,
  crawlerToCrawl: 0,
};
const SLOT = Object.fromEntries(Object.keys(DEFAULTS).map((name, at) => [name, at])) as Readonly<
  Record<TunableName, number>
>;

/** The numbers in shared memory: a client tunes all threads at once. */
export class SharedTunables implements Tunables {
  readonly #slots: Float64Array;

  static allocate(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(Object.keys(DEFAULTS).length * 8);
    new Float64Array(memory).set(Object.values(DEFAULTS));
    return memory;
  }

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new Float64Array(memory);
  }

  get(name: TunableName): number {
    return this.#slots[SLOT[name]]!;
  }

  set(name: TunableName, value: number): void {
    this.#slots[SLOT[name]] = value;
  }
}
