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
import { argumentError, type CacheError } from '../base/errors.ts';
import { isUint64 } from '../option-tables/call-options.ts';
import { exptimeOf } from '../option-tables/resolved-options.ts';
import type {
  CountOptions,
  DeleteOptions,
  FetchOptions,
  StoreOptions,
} from '../option-types/calls.ts';
import { type Bytes, bytesOf, isBytes } from '../values/bytes.ts';
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
  mode: WholeStoreMode | 'cas',
  key: string,
  { value, flags }: EncodedValue,
  exptime: number,
  cas: bigint | undefined,
): StoreRequest {
  const verb = 'store';
  return { verb, mode: mode === 'cas' ? 'set' : mode, key, value, flags, exptime, cas };
}

export function exptimeFor(options: StoreOptions | undefined, clock: ClientClock): number {
  const ttl = options?.ttl;
  return ttl === undefined ? 0 : exptimeOf(ttl, clock);
}

/** @throws {CacheError} ERR_ARGUMENT for a value that is neither text nor bytes. */
export function concatRequest(
  mode: 'append' | 'prepend',
  key: string,
  value: string | Bytes,
): StoreRequest {
  if (typeof value !== 'string' && !isBytes(value)) {
    throw argumentError(`${mode} takes a string or bytes, not ${typeof value}.`);
  }
  const added = typeof value === 'string' ? value : bytesOf(value);
  return { verb: 'store', mode, key, value: added, flags: 0, exptime: 0, cas: undefined };
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
  const cas = options?.cas === undefined ? undefined : checkCas(options.cas, casMax);
  return { verb: 'delete', key, cas, staleExptime };
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
  throw argumentError(`The amount is ${String(amount)}, not a whole number from 0 to 2^64 - 1.`);
}

/** @throws {CacheError} ERR_ARGUMENT for a CAS id that the client cannot have received. */
export function checkCas(cas: unknown, max: bigint): bigint {
  if (typeof cas === 'bigint' && cas >= 0n && cas <= max) return cas;
  const shown = typeof cas === 'bigint' ? `${cas}` : `of type ${typeof cas}`;
  throw argumentError(`cas is ${shown}, not a CAS id that \`gets\` or \`fetch\` returned.`);
}

/** @throws {CacheError} ERR_ARGUMENT for a text that is no topic. */
export function checkTopic(topic: string | undefined): void {
  if (topic === undefined) return;
  if (typeof topic === 'string' && /^[a-z_]{1,40}$/.test(topic)) return;
  throw argumentError(`"${String(topic)}" is not a topic of \`stats\`.`);
}

/** @throws {CacheError} ERR_ARGUMENT for anything but a list of keys; each key is checked later. */
export function checkKeys(keys: unknown): void {
  if (!isList(keys)) throw argumentError(`getMany takes a list of keys, not ${typeof keys}.`);
}

/**
 * The entries of `setMany`.
 * @throws {CacheError} ERR_ARGUMENT for anything but pairs of a key and a value.
 */
export function entriesOf(
  given: Iterable<readonly [key: string, value: unknown]>,
): readonly (readonly [key: string, value: unknown])[] {
  const entries = isList(given) ? [...given] : [undefined];
  if (entries.every((entry) => Array.isArray(entry) && entry.length === 2)) {
    return entries as readonly (readonly [string, unknown])[];
  }
  throw argumentError('setMany takes [key, value] pairs: a Map, or `Object.entries(object)`.');
}

/** The failure of a call whose argument must be a function. */
export function notAFunction(name: string, given: unknown): CacheError {
  return argumentError(`${name} is of type ${typeof given}, not a function.`);
}

function isList(given: unknown): given is Iterable<unknown> {
  return typeof given === 'object' && given !== null && Symbol.iterator in given;
}
