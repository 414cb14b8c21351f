import { murmur3 } from '../../src/base/index.ts';
import type { KeySample } from '../../src/node/hot-keys/key-sketch.ts';
import type { Random } from './random.ts';

/** A sampled request for a key; by default a get that misses. */
export function sampleOf(key: string, more: Partial<KeySample> = {}): KeySample {
  const bytes = Buffer.from(key);
  const hash = murmur3(bytes, 0, bytes.length, 0) | 0;
  return {
    ...{ hash, key: bytes, start: 0, end: bytes.length, isWrite: false, isHit: false, bytes: 0 },
    ...more,
  };
}

/** Numbers 0 … count - 1, of which 0 is the most frequent. */
export class Zipf {
  readonly #cumulative: Float64Array;
  readonly #random: Random;

  constructor(count: number, exponent: number, random: Random) {
    this.#random = random;
    this.#cumulative = new Float64Array(count);
    let sum = 0;
    for (let rank = 0; rank < count; rank++) {
      sum += 1 / (rank + 1) ** exponent;
      this.#cumulative[rank] = sum;
    }
  }

  next(): number {
    const cumulative = this.#cumulative;
    const wanted = this.#random.fraction() * cumulative.at(-1)!;
    let [low, high] = [0, cumulative.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
