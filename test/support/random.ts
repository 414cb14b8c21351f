/** A pseudo-random generator: the same seed gives the same sequence on every machine. */
export class Random {
  #state: number;
  readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed | 0;
  }

  /** A number in [0, 1): mulberry32 (Tommy Ettinger, public domain). */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  /** True with the probability 1 / `times`. */
  oneIn(times: number): boolean {
    return this.int(1, times) === 1;
  }

  pick<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    if (choices.length === 0) throw new Error('pick needs at least one choice');
    return choices[this.int(0, choices.length - 1)] as T;
  }

  /** One of the values, each with a probability in proportion to its weight. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let remaining = this.fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) {
      remaining -= weight;
      if (remaining < 0) return value;
    }
    return this.pick(choices)[1];
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.int(0, 255)));
  }

  /** An independent generator for case number `index`: case 17 of seed 5 is always the same. */
  fork(index: number): Random {
    return new Random(
      Math.imul(this.seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35),
    );
  }
}

/** The seed of this run: the environment variable `SEED`, or a random one. Test titles show it. */
export function testSeed(): number {
  const given = process.env['SEED'];
  if (given === undefined || given === '') return Math.floor(Math.random() * 0x7fff_ffff);
  const seed = Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`SEED is "${given}"; it must be a whole number`);
  return seed;
}
