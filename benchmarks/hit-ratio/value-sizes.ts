import { Random } from '../../test/support/random.ts';

/** A log-normal distribution of value sizes: half of the values are smaller than the median. */
export interface SizeDistribution {
  readonly medianBytes: number;
  /** Standard deviation of the logarithm; at 1.2 one value in six is over 3.3 × the median. */
  readonly sigma: number;
}

/** Every key has this many bytes. */
export const KEY_BYTES = 16;
export const VALUE_BYTES_MAX = 100_000;

/**
 * The value size of each key, 1 … VALUE_BYTES_MAX bytes. It depends on id and distribution only.
 */
export function valueSizes(keys: number, sizesOf: (id: number) => SizeDistribution): Uint32Array {
  const random = new Random(0);
  return Uint32Array.from({ length: keys }, (_, id) => {
    const { medianBytes, sigma } = sizesOf(id);
    const bytes = Math.round(medianBytes * Math.exp(sigma * normal(random.fork(id))));
    return Math.min(VALUE_BYTES_MAX, Math.max(1, bytes));
  });
}

/** One draw from the standard normal distribution (Box and Muller). */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()));
  return radius * Math.cos(2 * Math.PI * random.fraction());
}
