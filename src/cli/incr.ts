import { CodedError, text } from '../base/index.ts';
import { defineCacheVerb } from './cache-verb.ts';
import { EXIT } from './exit-codes.ts';
import { ttlFlag } from './ttl-flag.ts';

/** `slabring incr` */
export const incrVerb = defineCacheVerb({
  name: 'incr',
  summary: 'count a number up or down; exit code 1 when there is none',
  about:
    'Adds to a number of 64 bits and prints the sum. A negative amount is taken away, down to 0.\n' +
    'Exit code 0: done; 1: there is no such key (and no --initial);',
  words: ['key', '[amount]'],
  flags: {
    initial: text({
      placeholder: '<num>',
      doc: 'What the number begins with where there is none; the amount is not added then.',
    }),
    ttl: {
      ...ttlFlag,
      doc: 'Seconds to live of a number that --initial makes; 0 is until evicted.',
    },
  },
  examples: [
    { command: 'slabring incr visits', does: 'one more' },
    { command: 'slabring incr stock -- -5', does: 'five less' },
    { command: 'slabring incr visits 1 --initial 1 --ttl 86400', does: 'made when there is none' },
  ],
  async run(cache, { initial, ttl, json }, host, [key = '', typed = '1']) {
    const amount = wholeNumber('The amount', typed);
    const start = initial === '' ? {} : { initial: wholeNumber('--initial', initial), ttl };
    const value =
      amount < 0n
        ? await cache.decrement(key, -amount, start)
        : await cache.increment(key, amount, start);
    // JSON's numbers have 53 bits in many readers.
    if (json) host.out(JSON.stringify({ key, value: value === undefined ? null : String(value) }));
    else host.out(value === undefined ? 'not found' : String(value));
    return value === undefined ? EXIT.no : EXIT.ok;
  },
});

function wholeNumber(what: string, typed: string): bigint {
  if (/^-?\d{1,20}$/.test(typed)) return BigInt(typed);
  throw new CodedError('ERR_USAGE', `${what} is "${typed}"; it must be a whole number.`);
}
