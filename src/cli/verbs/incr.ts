import { CodedError, text } from '../../base/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { ttlFlag } from '../options/ttl-flag.ts';
import { EXIT } from '../process/exit-codes.ts';

/** `slabring incr` */
export const incrVerb = defineCacheVerb({
  name: 'incr',
  summary: 'increment or decrement a number; exit code 1 if the key does not exist',
  description:
    'Adds the amount (default: 1) to an unsigned 64-bit number and prints the result. A ' +
    'negative amount decrements the number; it stops at 0.\n' +
    'Exit code 0: done; 1: the key does not exist, and there is no --initial;',
  parameters: ['key', '[amount]'],
  flags: {
    initial: text({
      placeholder: '<num>',
      doc: 'Value to store if the key does not exist; the amount is not added to it.',
    }),
    ttl: {
      ...ttlFlag,
      doc: 'Time to live of a number created by --initial, in seconds; 0 means until evicted.',
    },
  },
  examples: [
    { command: 'slabring incr visits', effect: 'add 1' },
    { command: 'slabring incr stock -- -5', effect: 'subtract 5' },
    { command: 'slabring incr visits 1 --initial 1 --ttl 86400', effect: 'create it if missing' },
  ],
  check: ([, typed = '1'], { initial }) => {
    wholeNumber('The amount', typed);
    if (initial !== '') wholeNumber('--initial', initial);
  },
  async run(cache, { initial, ttl, json }, host, [key = '', typed = '1']) {
    const amount = wholeNumber('The amount', typed);
    const start = initial === '' ? {} : { initial: wholeNumber('--initial', initial), ttl };
    const value =
      amount < 0n
        ? await cache.decrement(key, -amount, start)
        : await cache.increment(key, amount, start);
    // A string: many JSON parsers read numbers with 53 bits only.
    if (json) host.out(JSON.stringify({ key, value: value === undefined ? null : String(value) }));
    else if (value === undefined) host.err('not found');
    else host.out(String(value));
    return value === undefined ? EXIT.negative : EXIT.ok;
  },
});

function wholeNumber(name: string, typed: string): bigint {
  if (/^-?\d{1,20}$/.test(typed)) return BigInt(typed);
  throw new CodedError('ERR_USAGE', `${name} is "${typed}"; it must be a whole number.`);
}
