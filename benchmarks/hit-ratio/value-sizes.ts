import { Random } from '../../test/support/random.ts';

/** A log-normal law of value sizes: half of the values are smaller than the median. */
export interface SizeLaw {
  readonly medianBytes: number;
  /** Standard deviation of the logarithm; at 1.2 one value in six is over 3.3 × the median. */
  readonly sigma: number;
}

/** Every key is written with this many bytes. */
export const KEY_BYTES = 16;
export const VALUE_BYTES_MAX = 100_000;

/** The value size of each key in bytes, 1 … VALUE_BYTES_MAX: a fixed function of its id and the law. */
export function valueSizes(keys: number, lawOf: (id: number) => SizeLaw): Uint32Array {
  const chance = new Random(0);
  return Uint32Array.from({ length: keys }, (_, id) => {
    const { medianBytes, sigma } = lawOf(id);
    const bytes = Math.round(medianBytes * Math.exp(sigma * normal(chance.fork(id))));
    return Math.min(VALUE_BYTES_MAX, Math.max(1, bytes));
  });
}

/** One draw from the standard normal law (Box and Muller). */
function normal(chance: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - chance.fraction()));
  return radius * Math.cos(2 * Math.PI * chance.fraction());
}
