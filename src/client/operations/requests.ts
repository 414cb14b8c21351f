/** Turns the arguments of calls, which come from programs without types too, into requests. */

import type {
  CountRequest,
  DeleteRequest,
  FetchRequest,
  StoreMode,
  StoreRequest,
  TouchRequest,
} from '../../protocol/client.ts';
import type { ClientClock } from '../base/client-clock.ts';
import { argumentError } from '../base/errors.ts';
import { isUint64 } from '../option-tables/call-options.ts';
import { exptimeOf } from '../option-tables/resolved-options.ts';
import type {
  CountOptions,
  DeleteOptions,
  FetchOptions,
  StoreOptions,
} from '../option-types/calls.ts';
import type { EncodedValue } from '../values/value-codec.ts';

export function fetchRequest(
  key: string,
  options: FetchOptions | undefined,
  clock: ClientClock,
): FetchRequest {
  const { leaseSeconds, recacheSeconds, touchTtl, withoutValue, skipLruUpdate } = options ?? {};
  const metaFlags = {
    vivifyExptime: leaseSeconds === undefined ? undefined : exptimeOf(leaseSeconds, clock),
    recacheSeconds: recacheSeconds === undefined ? undefined : exptimeOf(recacheSeconds, clock),
    touchExptime: touchTtl === undefined ? undefined : exptimeOf(touchTtl, clock),
    withoutValue,
    skipLruUpdate,
  };
  return { verb: 'fetch', key, metaFlags };
}

/** The modes that replace the whole value. */
export type WholeStoreMode = Exclude<StoreMode, 'append' | 'prepend'>;

export function storeRequest(
  mode: WholeStoreMode,
  key: string,
  { value, flags }: EncodedValue,
  exptime: number,
  cas: bigint | undefined,
): StoreRequest {
  return { verb: 'store', mode, key, value, flags, exptime, cas };
}

export function exptimeFor(options: StoreOptions | undefined, clock: ClientClock): number {
  const ttl = options?.ttl;
  return ttl === undefined ? 0 : exptimeOf(ttl, clock);
}

/** @throws {CacheError} ERR_ARGUMENT for a value that is neither text nor bytes. */
export function concatRequest(
  mode: 'append' | 'prepend',
  key: string,
  value: string | Uint8Array,
): StoreRequest {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
    throw argumentError(`${mode} takes a string or a Uint8Array.`);
  }
  return { verb: 'store', mode, key, value, flags: 0, exptime: 0, cas: undefined };
}

/** @param casMax the largest CAS id that the client can have received. */
export function deleteRequest(
  key: string,
  options: DeleteOptions | undefined,
  casMax: bigint,
  clock: ClientClock,
): DeleteRequest {
  const stale = options?.staleSeconds;
  const staleExptime = stale === undefined ? undefined : exptimeOf(stale, clock);
  return { verb: 'delete', key, cas: checkCas(options?.cas, casMax), staleExptime };
}

export function touchRequest(key: string, ttl: number, clock: ClientClock): TouchRequest {
  return { verb: 'touch', key, exptime: exptimeOf(ttl, clock) };
}

export function countRequest(
  key: string,
  by: number | bigint,
  isDecrement: boolean,
  options: CountOptions | undefined,
  clock: ClientClock,
): CountRequest {
  return {
    verb: 'count',
    key,
    delta: uint64Of(by),
    isDecrement,
    initial: initialOf(options, clock),
  };
}

function initialOf(options: CountOptions | undefined, clock: ClientClock): CountRequest['initial'] {
  if (options?.initial === undefined) return undefined;
  return { value: BigInt(options.initial), exptime: exptimeOf(options.ttl ?? 0, clock) };
}

/** @throws {CacheError} ERR_ARGUMENT when the number does not fit a counter. */
function uint64Of(amount: number | bigint): bigint {
  if (isUint64(amount)) return BigInt(amount);
  throw argumentError(`The amount is ${amount}, not a whole number from 0 to 2^64 - 1.`);
}

/** @throws {CacheError} ERR_ARGUMENT for a CAS id that the client cannot have received. */
export function checkCas(cas: bigint | undefined, max: bigint): bigint | undefined {
  if (cas === undefined || (cas >= 0n && cas <= max)) return cas;
  throw argumentError(`cas is ${cas}, not a CAS id that \`gets\` or \`fetch\` returned.`);
}

/** @throws {CacheError} ERR_ARGUMENT for a text that is no topic. */
export function checkTopic(topic: string | undefined): void {
  if (topic === undefined || /^[a-z_]{1,40}$/.test(topic)) return;
  throw argumentError(`"${topic}" is not a topic of \`stats\`.`);
}
