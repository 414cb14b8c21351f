import type { ValuesOf } from '../../base/index.ts';
import { argumentError } from '../base/errors.ts';
import { loadOptions } from '../option-tables/load-options.ts';
import { checkOptions, isObject, valuesOf } from '../option-tables/resolve.ts';
import type { CallOptions } from '../option-types/calls.ts';
import type { LoadOptions } from '../option-types/patterns.ts';

type LoadValues = ValuesOf<(typeof loadOptions)['table']>;

/** The options of one load, with the defaults filled in. */
export interface LoadPlan extends Omit<LoadValues, 'waitMs' | (typeof EACH_CALL)[number]> {
  readonly waitMs: number;
  /** Options of the requests to the cache. */
  readonly callOptions: CallOptions;
  /**
   * Options of `fetch`: the lease, and how long before the item expires one caller refreshes it.
   */
  readonly fetchOptions: CallOptions & {
    readonly leaseSeconds: number;
    readonly recacheSeconds?: number;
  };
}

/**
 * Checks the options and fills in the defaults.
 * @throws {CacheError} ERR_ARGUMENT
 */
export function planLoad(options: LoadOptions): LoadPlan {
  const values = valuesOf(loadOptions, options);
  const { ttl, staleWhileRevalidateSeconds, recacheSeconds, leaseSeconds, deadlineMs } = values;
  // The item expires after `ttl` and its stale time; its refresh starts before the end of `ttl`.
  const recacheBeforeExpiry = staleWhileRevalidateSeconds + recacheSeconds;
  if (recacheBeforeExpiry > 0 && ttl === 0) {
    throw argumentError('staleWhileRevalidateSeconds and recacheSeconds need a ttl.');
  }
  if (recacheSeconds > 0 && recacheSeconds >= ttl) {
    throw argumentError(`recacheSeconds is ${recacheSeconds}, not less than the ttl of ${ttl}.`);
  }
  const callOptions = deadlineMs === undefined ? {} : { deadlineMs };
  const lease = { ...callOptions, leaseSeconds };
  return {
    ...values,
    waitMs: values.waitMs ?? leaseSeconds * 1000,
    callOptions,
    fetchOptions:
      recacheBeforeExpiry === 0 ? lease : { ...lease, recacheSeconds: recacheBeforeExpiry },
  };
}

/** How long a call waits for loads of other callers by its own `deadlineMs`. */
export function deadlineMsOf({ deadlineMs }: Pick<LoadPlan, 'deadlineMs'>): number {
  return deadlineMs ?? Number.POSITIVE_INFINITY;
}

/** Plans that are remembered, by their `ttl`. */
const PLANS_MAX = 64;

interface RememberedPlan {
  /** A copy: the caller may change its object later. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly optionCount: number;
  readonly plan: LoadPlan;
}

/** Plans loads. It remembers the latest plan for each `ttl`: most calls repeat their options. */
export class LoadPlanner {
  readonly #remembered = new Map<unknown, RememberedPlan>();

  /** @throws {CacheError} ERR_ARGUMENT */
  planOf(options: LoadOptions): LoadPlan {
    if (!isObject(options)) return planLoad(options);
    const remembered = this.#remembered.get(options['ttl']);
    if (remembered !== undefined && isSame(options, remembered)) return remembered.plan;
    const { signal: _, onRefreshError: __, ...rest } = options;
    for (const name of EACH_CALL) checkOptions(loadOptions, { [name]: options[name] });
    const plan = planLoad(rest);
    Object.setPrototypeOf(rest, null); // the name of an unknown option must not find anything
    if (this.#remembered.size >= PLANS_MAX) this.#remembered.clear();
    const optionCount = Object.keys(rest).length;
    this.#remembered.set(options['ttl'], { options: rest, optionCount, plan });
    return plan;
  }
}

/** Options that differ from call to call, and that no plan depends on. */
const EACH_CALL = ['signal', 'onRefreshError'] as const;

/** Whether the options are the remembered ones, apart from those of each call. */
function isSame(
  options: LoadOptions & Readonly<Record<string, unknown>>,
  remembered: RememberedPlan,
): boolean {
  let count = 0;
  for (const name in options) {
    const value = options[name];
    if (name === 'signal' || name === 'onRefreshError') {
      if (value !== undefined && !loadOptions.table[name].accepts(value)) return false;
    } else {
      if (value === undefined || value !== remembered.options[name]) return false;
      count++;
    }
  }
  return count === remembered.optionCount;
}

/**
 * Draws the `ttl` of an item: the fresh time, which jitter shortens, and then the stale time.
 * @param random returns a number from 0 to 1.
 */
export function drawTtl(plan: LoadPlan, random: () => number): number {
  if (plan.ttl === 0) return 0;
  const freshTtl = Math.max(1, plan.ttl * (1 - plan.jitter * random()));
  return freshTtl + plan.staleWhileRevalidateSeconds;
}

const POLL_DELAY_MS_MIN = 4;
const POLL_DELAY_MS_MAX = 128;

/**
 * The delay before the next `fetch` of a waiting caller: it doubles, and jitter halves it at most.
 */
export function pollDelayMs(attempt: number, random: () => number): number {
  const maxMs = Math.min(POLL_DELAY_MS_MAX, POLL_DELAY_MS_MIN * 2 ** Math.min(attempt, 10));
  return maxMs * (1 - random() / 2);
}
