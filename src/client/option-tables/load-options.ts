import { choice, number } from '../../base/index.ts';
import { callOptions, HOUR_MS, secondsFromNow, storeOptions, TTL_MAX } from './call-options.ts';
import { callback } from './kinds.ts';
import { optionGroup } from './option-group.ts';

/** Memcached takes an exptime above 30 days as a Unix time. */
const SECONDS_MAX = 30 * 24 * 3600;
const LEASE_SECONDS_MAX = 3600;

const seconds = (max: number, doc: string) =>
  secondsFromNow(number({ default: 0, min: 0, max, unit: 'seconds', doc }));

export const loadOptions = optionGroup({
  typeName: 'LoadOptions',
  doc:
    'Options of `getOrSet`. `deadlineMs` applies to each request to the cache, and to the wait ' +
    'for a load of another caller, not to `load`.',
  parent: callOptions,
  options: {
    ttl: seconds(
      TTL_MAX - SECONDS_MAX,
      'How long a value is fresh; 0 means until the node evicts it.',
    ),
    staleWhileRevalidateSeconds: seconds(
      SECONDS_MAX,
      'Time after `ttl` during which callers still get the old value, while one caller refreshes ' +
        'it in the background. Needs a `ttl`.',
    ),
    recacheSeconds: seconds(
      SECONDS_MAX,
      'The refresh starts this long before the end of `ttl`, so that hot keys never expire; less ' +
        'than `ttl`.',
    ),
    jitter: number({
      default: 0,
      min: 0,
      max: 1,
      doc:
        'Shortens each `ttl` by a random part of this share, so that values which were stored at ' +
        'the same time do not expire at the same time.',
    }),
    leaseSeconds: number({
      default: 10,
      min: 1,
      max: LEASE_SECONDS_MAX,
      unit: 'seconds',
      doc:
        'Time that a loader may take. After it another caller may load, and the client returns ' +
        'the value of the slow loader to its callers without storing it.',
    }),
    negativeTtl: seconds(
      SECONDS_MAX,
      'Time for which the cache remembers that there is no value (the loader returned ' +
        'undefined); 0: the next caller loads again.',
    ),
    errorTtl: seconds(
      SECONDS_MAX,
      'Time for which the cache remembers that the loader failed: callers get ERR_LOAD; 0: the ' +
        'next caller loads again.',
    ),
    waitMs: {
      ...number({
        min: 0,
        max: HOUR_MS,
        unit: 'milliseconds',
        doc: 'Time to wait for a value that another caller loads, in this or another process.',
      }),
      defaultNote: '`leaseSeconds`',
    },
    onLeaseTimeout: choice({
      words: ['load', 'fail'],
      default: 'load',
      doc:
        'What to do when `waitMs` has passed: load the value without storing it, or fail with ' +
        'ERR_LOAD.',
    }),
    onCacheError: choice({
      words: ['load', 'fail'],
      default: 'load',
      doc:
        'What to do when the request to the cache fails: load the value (once for all callers of ' +
        'this process), or fail with the error of the cache.',
    }),
    onRefreshError: callback<(error: unknown, key: string) => void>({
      type: '(error: unknown, key: string) => void',
      doc: 'Called when a refresh in the background fails. The callers got the old value.',
    }),
  },
});

export const writeThroughOptions = optionGroup({
  typeName: 'WriteThroughOptions',
  doc: 'Options of `writeThrough`.',
  parent: storeOptions,
  options: {
    leaseSeconds: number({
      default: 10,
      min: 1,
      max: LEASE_SECONDS_MAX,
      unit: 'seconds',
      doc: 'Time that `store` may take before a reader may load the key again.',
    }),
  },
});
