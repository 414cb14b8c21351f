/** Marsaglia's xorshift for 32 bits. */
const [SHIFT_A, SHIFT_B, SHIFT_C] = [13, 17, 5];

/** Distances between samples. They are random, so that no pattern hides between the samples. */
export class RandomDistance {
  #random: number;

  /** `seed` is not 0. */
  constructor(seed: number) {
    this.#random = seed;
  }

  /** A distance of 1 … 2 * `mean` - 1. */
  next(mean: number): number {
    if (mean === 1) return 1;
    let random = this.#random;
    random ^= random << SHIFT_A;
    random ^= random >>> SHIFT_B;
    random ^= random << SHIFT_C;
    this.#random = random;
    return 1 + ((random >>> 0) % (2 * mean - 1));
  }
}
