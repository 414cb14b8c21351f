import { CodedError } from '../base/index.ts';
import { defineCacheVerb } from './cache-verb.ts';
import { EXIT } from './exit-codes.ts';

/** `slabring touch` */
export const touchVerb = defineCacheVerb({
  name: 'touch',
  summary: 'give a key a new time to live; exit code 1 when it was not there',
  about:
    'Gives a key a new time to live, in seconds; 0 is until evicted.\n' +
    'Exit code 0: done; 1: there is no such key;',
  words: ['key', 'seconds'],
  flags: {},
  examples: [{ command: 'slabring touch greeting 3600', does: 'an hour from now' }],
  async run(cache, { json }, host, [key = '', seconds = '']) {
    if (!/^\d+$/.test(seconds)) {
      throw new CodedError('ERR_USAGE', `"${seconds}" is not a whole number of seconds.`);
    }
    const touched = await cache.touch(key, Number(seconds));
    host.out(json ? JSON.stringify({ key, touched }) : touched ? 'touched' : 'not found');
    return touched ? EXIT.ok : EXIT.no;
  },
});
