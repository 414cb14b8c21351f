import type { Load } from './loads.ts';

/** What a measurement says about the load that a server really had. */
export interface Served {
  readonly hits: number;
  readonly misses: number;
  readonly sets: number;
  /** The growth of `curr_items` in the measurement. */
  readonly newItems: number;
  readonly evictions: number;
}

/** Gets of keys that are on their way to the server make the ratio differ by less than this. */
const HIT_RATIO_TOLERANCE = 0.02;
/** The share of sets that store a new key; a few random keys repeat. */
const NEW_KEYS_SHARE_MIN = 0.9;

export const hitRatioOf = ({ hits, misses }: Pick<Served, 'hits' | 'misses'>): number =>
  hits / (hits + misses);

/** Why a measurement is not one of `load`, or `undefined`. */
export function unlike(load: Load, served: Served): string | undefined {
  const { sets, newItems, evictions } = served;
  const hitRatio = hitRatioOf(served);
  if (load.evicts !== evictions > 0) {
    const advice = load.evicts ? 'measure for more seconds' : 'measure for fewer seconds';
    return `the server evicted ${evictions} items from -m ${load.memoryMegabytes}; ${advice}`;
  }
  if (load.hitRatio !== undefined && differs(hitRatio, load.hitRatio)) {
    return `${percent(hitRatio)} of the gets were hits instead of ${percent(load.hitRatio)}`;
  }
  if (load.storesNewKeys && newItems < sets * NEW_KEYS_SHARE_MIN) {
    return `${sets} sets added only ${newItems} items; measure for fewer seconds`;
  }
  return undefined;
}

/** A ratio that is not a number differs too: there were no gets. */
const differs = (ratio: number, expected: number): boolean =>
  !(Math.abs(ratio - expected) <= HIT_RATIO_TOLERANCE);

const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`;
