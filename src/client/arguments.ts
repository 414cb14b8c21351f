/** Options of single calls, and what they come to on the wire. */
import type { CountRequest, FetchTerms } from '../protocol/client.ts';
import { badOption, type CallOptions, exptimeOf } from './options.ts';

const UINT64_MAX = 2n ** 64n - 1n;

/** Options of `fetch`: each asks the node for more than a get does. The meta protocol only. */
export interface FetchOptions extends CallOptions {
  /**
   * Lease: on a miss the node makes an empty item that lives so many seconds, and exactly one
   * caller has `won`; the others see `isTaken` until it has set the value.
   */
  readonly leaseSeconds?: number;
  /** With fewer seconds than these left, exactly one caller has `won`, and the rest the old value. */
  readonly recacheSeconds?: number;
  /** A new time to live, in seconds. */
  readonly touchTtl?: number;
  /** Leaves the item where it is in the LRU, unread. */
  readonly quietly?: boolean;
  /** Everything but the value. */
  readonly withoutValue?: boolean;
}

/** Options of `delete`. */
export interface DeleteOptions extends CallOptions {
  /** Only this version. */
  readonly cas?: bigint;
  /**
   * Marks the value stale, to live so many seconds, instead of removing it: `get` still finds it,
   * `fetch` finds it `isStale`, with one caller who has `won`. The meta protocol only.
   */
  readonly staleSeconds?: number;
}

/** Options of `increment` and `decrement`. */
export interface CountOptions extends CallOptions {
  /** What the counter starts with when there is none; the amount is not added. Not in classic text. */
  readonly initial?: number | bigint;
  /** Seconds to live of a counter that is made. @default 0 */
  readonly ttl?: number;
}

export function termsOf(options: FetchOptions): FetchTerms {
  const { leaseSeconds, recacheSeconds, touchTtl, withoutValue, quietly } = options;
  return {
    vivifyExptime: leaseSeconds === undefined ? undefined : exptimeOf(leaseSeconds),
    recacheSeconds: recacheSeconds === undefined ? undefined : exptimeOf(recacheSeconds),
    touchExptime: touchTtl === undefined ? undefined : exptimeOf(touchTtl),
    withoutValue,
    quietly,
  };
}

export function startOf(options: CountOptions | undefined): CountRequest['start'] {
  if (options?.initial === undefined) return undefined;
  return { value: amount(options.initial), exptime: exptimeOf(options.ttl ?? 0) };
}

export function amount(by: number | bigint): bigint {
  const whole = typeof by === 'bigint' || Number.isSafeInteger(by);
  if (whole && by >= 0 && by <= UINT64_MAX) return BigInt(by);
  throw badOption(`The amount is ${by}, not a whole number from 0 to 2^64 - 1.`);
}

export function checkCas(cas: bigint | undefined, most: bigint): bigint | undefined {
  if (cas === undefined || (cas >= 0n && cas <= most)) return cas;
  throw badOption(`cas is ${cas}, not an id that gets gave.`);
}
