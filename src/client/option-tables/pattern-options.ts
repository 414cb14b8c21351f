import { choice, integer, number, text } from '../../base/index.ts';
import { HOUR_MS, secondsFromNow, TTL_MAX } from './call-options.ts';
import { callback, required, value } from './kinds.ts';
import { optionGroup } from './option-group.ts';

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
    onCacheError: choice({
      words: ['ignore', 'fail'],
      default: 'ignore',
      doc:
        'What to do when a request to the cache fails: serve the request without a session and ' +
        'drop its changes, or fail with the error of the cache. `destroy` always fails.',
    }),
    onConflict: choice({
      words: ['overwrite', 'fail'],
      default: 'overwrite',
      doc:
        'What to do when two requests changed the same property of a session: keep the later ' +
        'change, or fail the later request with ERR_CONFLICT. Changes of different properties ' +
        'are merged.',
    }),
    onOverwrite: callback<(sessionId: string, properties: readonly string[]) => void>({
      type: '(sessionId: string, properties: readonly string[]) => void',
      doc: 'Called when a request overwrote properties that another request had changed.',
    }),
  },
});

export const tagOptions = optionGroup({
  typeName: 'TagOptions',
  doc: 'Options of a TagSpace.',
  options: { prefix: prefix('tag:', "The prefix of the keys of the tags' counters.") },
});
