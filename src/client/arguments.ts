/** The options of single calls, and how the client turns them into parts of a request. */
import type { CountRequest, MetaGetFlags } from '../protocol/client.ts';
import { argumentError, type CallOptions, exptimeOf } from './options.ts';

const UINT64_MAX = 2n ** 64n - 1n;

/** Options of `fetch`: each asks the node for more than `get` does. They need the meta protocol. */
export interface FetchOptions extends CallOptions {
  /**
   * Requests a lease: on a miss the node creates an empty item that expires after this many
   * seconds. Exactly one caller gets `wonLease`; the others get `leaseHeldByOther` until it stores
   * the value.
   */
  readonly leaseSeconds?: number;
  /**
   * When the item expires in fewer than this many seconds, exactly one caller gets `wonLease`. The
   * others get the old value.
   */
  readonly recacheSeconds?: number;
  /** Gives the item a new `ttl`, in seconds. */
  readonly touchTtl?: number;
  /** The node neither moves the item in its LRU list nor counts the read. */
  readonly skipLruUpdate?: boolean;
  /** The result contains everything but the value. */
  readonly withoutValue?: boolean;
}

/** Options of `delete`. */
export interface DeleteOptions extends CallOptions {
  /** Deletes the item only if it still has this CAS id. */
  readonly cas?: bigint;
  /**
   * Marks the value as stale for this many seconds instead of deleting it. `get` still finds it;
   * `fetch` returns it with `isStale`, and one caller gets `wonLease`. Needs the meta protocol.
   */
  readonly staleSeconds?: number;
}

/** Options of `increment` and `decrement`. */
export interface CountOptions extends CallOptions {
  /**
   * The value of a counter that the call creates; the node does not add the amount to it. Not
   * available in the classic text protocol.
   */
  readonly initial?: number | bigint;
  /** The time to live of a counter that the call creates, in seconds. @default 0 */
  readonly ttl?: number;
}

export function metaFlagsOf(options: FetchOptions): MetaGetFlags {
  const { leaseSeconds, recacheSeconds, touchTtl, withoutValue, skipLruUpdate } = options;
  return {
    vivifyExptime: leaseSeconds === undefined ? undefined : exptimeOf(leaseSeconds),
    recacheSeconds: recacheSeconds === undefined ? undefined : exptimeOf(recacheSeconds),
    touchExptime: touchTtl === undefined ? undefined : exptimeOf(touchTtl),
    withoutValue,
    skipLruUpdate,
  };
}

export function initialCounterOf(options: CountOptions | undefined): CountRequest['initial'] {
  if (options?.initial === undefined) return undefined;
  return { value: uint64Of(options.initial), exptime: exptimeOf(options.ttl ?? 0) };
}

/** @throws {CacheError} ERR_ARGUMENT when the number does not fit a counter. */
export function uint64Of(amount: number | bigint): bigint {
  const isWhole = typeof amount === 'bigint' || Number.isSafeInteger(amount);
  if (isWhole && amount >= 0 && amount <= UINT64_MAX) return BigInt(amount);
  throw argumentError(`The amount is ${amount}, not a whole number from 0 to 2^64 - 1.`);
}

export function checkCas(cas: bigint | undefined, max: bigint): bigint | undefined {
  if (cas === undefined || (cas >= 0n && cas <= max)) return cas;
  throw argumentError(`cas is ${cas}, not a CAS id that \`gets\` or \`fetch\` returned.`);
}
