import { flag, number } from '../../base/index.ts';
import { value } from './kinds.ts';
import { type ClientOption, optionGroup } from './option-group.ts';
import { isObject } from './resolve.ts';

export const HOUR_MS = 3_600_000;
export const TTL_MAX = 2 ** 31 - 1;
/** Numbers that look like a Unix time: one of the years 2001 to 2036. */
const UNIX_TIME_MIN = 1_000_000_000;
const UNIX_TIME_MAX = 2_100_000_000;
/** The longest ttl that does not look like a Unix time: 31 years. */
export const PLAIN_TTL_MAX = UNIX_TIME_MIN - 1;
const UINT64_MAX = 2n ** 64n - 1n;

/** Makes an option refuse a point in time in place of seconds from now. */
export function secondsFromNow<O extends ClientOption>(option: O): O {
  const accepts = (given: unknown) => option.accepts(given) && !looksLikeUnixTime(given);
  const hint = (given: unknown): string | undefined => {
    if (given instanceof Date) return `which is a point in time: ${ADVICE}`;
    return looksLikeUnixTime(given) ? `which looks like a Unix time: ${ADVICE}` : undefined;
  };
  return { ...option, accepts, hint };
}

const ADVICE = 'pass the number of seconds from now.';

function looksLikeUnixTime(given: unknown): boolean {
  return typeof given === 'number' && given >= UNIX_TIME_MIN && given <= UNIX_TIME_MAX;
}

const seconds = (doc: string) =>
  secondsFromNow(number({ min: 0, max: TTL_MAX, unit: 'seconds', doc }));

/** A time to live, as every call takes it. */
export const ttlOption = seconds(
  'Time to live of the item; 0 means until the node evicts it. The client rounds a fraction ' +
    'up.',
);

export const callOptions = optionGroup({
  typeName: 'CallOptions',
  doc: 'Options of one call.',
  options: {
    deadlineMs: {
      ...number({
        min: Number.MIN_VALUE,
        max: HOUR_MS,
        unit: 'milliseconds',
        constraint: `a number of milliseconds above 0 and up to ${HOUR_MS}`,
        doc: "Replaces the client's `deadlineMs` for this call.",
      }),
      bounds: 'above 0, up to 3,600,000',
      defaultNote: "the client's `deadlineMs`",
    },
    signal: value<AbortSignal>({
      type: 'AbortSignal',
      constraint: 'an AbortSignal',
      accepts: isSignal,
      doc: 'Cancels the call: it fails with ERR_ABORTED, or ERR_ABORTED_UNSENT.',
    }),
  },
});

export const storeOptions = optionGroup({
  typeName: 'StoreOptions',
  doc: 'Options of a call that stores a value.',
  parent: callOptions,
  options: { ttl: { ...ttlOption, defaultNote: '0' } },
});

export const fetchOptions = optionGroup({
  typeName: 'FetchOptions',
  doc:
    'Options of `fetch`: each asks the node for more than `get` does. They need the meta ' +
    'protocol.',
  parent: callOptions,
  options: {
    leaseSeconds: seconds(
      'Requests a lease: on a miss the node creates an empty item that expires after this ' +
        'time. Exactly one caller gets `wonLease`; the others get `leaseHeldByOther` until it ' +
        'stores the value.',
    ),
    recacheSeconds: seconds(
      'When the item expires in less than this time, exactly one caller gets `wonLease`. The ' +
        'others get the old value.',
    ),
    touchTtl: seconds('Gives the item a new `ttl`.'),
    skipLruUpdate: flag({
      doc: 'The node neither moves the item in its LRU list nor counts the read.',
    }),
    withoutValue: flag({ doc: 'The result contains everything but the value.' }),
  },
});

/** A CAS id; the request checks that it is one that this client can have received. */
const casOption = value<bigint>({
  type: 'bigint',
  constraint: 'a CAS id that `gets` or `fetch` returned (a bigint)',
  accepts: (given) => typeof given === 'bigint',
  doc: 'Deletes the item only if it still has this CAS id.',
});

export const deleteOptions = optionGroup({
  typeName: 'DeleteOptions',
  doc: 'Options of `delete`.',
  parent: callOptions,
  options: {
    cas: casOption,
    staleSeconds: seconds(
      'Marks the value as stale for this time instead of deleting it. `get` still finds it; ' +
        '`fetch` returns it with `isStale`, and one caller gets `wonLease`. Needs the meta ' +
        'protocol.',
    ),
  },
});

export const countOptions = optionGroup({
  typeName: 'CountOptions',
  doc: 'Options of `increment` and `decrement`.',
  parent: callOptions,
  options: {
    initial: value<number | bigint>({
      type: 'number | bigint',
      constraint: 'a whole number from 0 to 2^64 - 1',
      bounds: '0 … 2^64 - 1',
      accepts: isUint64,
      doc:
        'The value of a counter that the call creates; the node does not add the amount to it. ' +
        'Not available in the classic text protocol.',
    }),
    ttl: {
      ...ttlOption,
      doc: 'Time to live of a counter that the call creates; 0 means until the node evicts it.',
      defaultNote: '0',
    },
  },
});

/** A signal may come from another realm or a polyfill, so its class does not matter. */
function isSignal(given: unknown): boolean {
  return isObject(given) && 'aborted' in given && typeof given['addEventListener'] === 'function';
}

/** Whether the number fits a counter. */
export function isUint64(given: unknown): given is number | bigint {
  if (typeof given === 'bigint') return given >= 0n && given <= UINT64_MAX;
  return Number.isSafeInteger(given) && (given as number) >= 0;
}
