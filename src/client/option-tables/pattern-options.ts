import { choice, integer, number, text } from '../../base/index.ts';
import { callOptions, HOUR_MS, secondsFromNow, storeOptions, TTL_MAX } from './call-options.ts';
import { callback, required, value } from './kinds.ts';
import { optionGroup } from './option-group.ts';

/** Memcached takes an exptime above 30 days as a Unix time. */
const SECONDS_MAX = 30 * 24 * 3600;
const LEASE_SECONDS_MAX = 3600;

const seconds = (max: number, doc: string) =>
  secondsFromNow(number({ default: 0, min: 0, max, unit: 'seconds', doc }));

export const loadOptions = optionGroup({
  typeName: 'LoadOptions',
  doc: 'Options of `getOrSet`. `deadlineMs` applies to each request to the cache, not to `load`.',
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
        doc: 'Time to wait for a value that another process loads.',
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

export const nearCacheOptions = optionGroup({
  typeName: 'NearCacheOptions',
  doc: 'Options of a NearCache.',
  options: {
    maxAgeMs: number({
      default: 1000,
      min: 1,
      max: HOUR_MS,
      unit: 'milliseconds',
      doc:
        'Time for which the near cache keeps a value: a write by another process may stay ' +
        'invisible here for this long.',
    }),
    maxEntries: number({
      default: 1000,
      min: 1,
      max: 10_000_000,
      unit: 'entries',
      doc: 'Values that the near cache keeps.',
    }),
    maxBytes: number({
      default: 16 * 2 ** 20,
      min: 1,
      max: 2 ** 40,
      unit: 'bytes',
      doc: 'Total size of the values, as `sizeOf` counts them.',
    }),
    sizeOf: callback<(value: unknown) => number>({
      type: '(value: unknown) => number',
      doc: 'Returns the size of a value in bytes.',
      defaultNote:
        "two for each character of a text or of the value's JSON; the length of a `Uint8Array`",
    }),
  },
});

/** Visible ASCII without blanks, as keys need it. */
const keyText = (charsMin: number, charsMax: number, excluded = '') => ({
  constraint: `${charsMin} to ${charsMax} visible ASCII characters without blanks${excluded}`,
  accepts: (given: unknown): boolean => {
    if (typeof given !== 'string' || given.length < charsMin || given.length > charsMax)
      return false;
    return /^[\x21-\x7e]*$/.test(given) && !(excluded !== '' && given.includes(':'));
  },
});

const prefix = (value: string, doc: string) => {
  return { ...text({ default: value, doc }), ...keyText(0, 64) };
};

export const rateLimiterOptions = optionGroup({
  typeName: 'RateLimiterOptions',
  doc: 'Options of a RateLimiter.',
  options: {
    name: required(
      value<string>({
        type: 'string',
        bounds: '1 to 40 visible ASCII characters without colons',
        ...keyText(1, 40, ' and colons'),
        doc:
          'The name of what is limited, `login` for example. It is a part of the keys: limiters ' +
          'with the same name, window and prefix share their counters.',
      }),
    ),
    limit: required(
      integer({
        min: 1,
        max: 2 ** 31 - 1,
        unit: 'units',
        doc: 'Units that the limiter allows in a window.',
      }),
    ),
    windowSeconds: required(
      integer({ min: 1, max: 1_000_000, unit: 'seconds', doc: 'The length of a window.' }),
    ),
    kind: choice({
      words: ['fixed', 'sliding'],
      default: 'sliding',
      doc:
        'A `fixed` window begins at a multiple of its length. It needs one request, and allows ' +
        'up to twice the limit around the end of a window. A `sliding` window also counts the ' +
        'overlapping share of the previous window. It needs two parallel requests.',
    }),
    clockSkewMs: number({
      default: 1000,
      min: 0,
      max: 60_000,
      unit: 'milliseconds',
      doc:
        'How far the clocks of the processes may differ, including the time that a request ' +
        'takes. For this time before and after the end of a window a `sliding` window reads ' +
        'the counters one after the other instead of in parallel.',
    }),
    prefix: prefix('rate:', "The prefix of the counters' keys."),
    onCacheError: choice({
      words: ['allow', 'deny'],
      default: 'allow',
      doc: 'The result of a call when a request to the cache fails.',
    }),
  },
});

export const sessionStoreOptions = optionGroup({
  typeName: 'SessionStoreOptions',
  doc: 'Options of a session store.',
  options: {
    prefix: prefix('sess:', 'The prefix of session ids in the cache.'),
    ttl: secondsFromNow(
      number({
        default: 86_400,
        min: 1,
        max: TTL_MAX,
        unit: 'seconds',
        doc: 'Time to live of a session whose cookie has no `maxAge`.',
      }),
    ),
  },
});

export const tagOptions = optionGroup({
  typeName: 'TagOptions',
  doc: 'Options of a TagSpace.',
  options: { prefix: prefix('tag:', "The prefix of the keys of the tags' counters.") },
});
