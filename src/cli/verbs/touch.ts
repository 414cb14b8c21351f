import { CodedError } from '../../base/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { EXIT } from '../process/exit-codes.ts';

/** `slabring touch` */
export const touchVerb = defineCacheVerb({
  name: 'touch',
  summary: 'set a new time to live for a key; exit code 1 if it does not exist',
  description:
    'Sets a new time to live for a key, in seconds; 0 means until evicted.\n' +
    'Exit code 0: done; 1: the key does not exist;',
  parameters: ['key', 'seconds'],
  flags: {},
  examples: [{ command: 'slabring touch greeting 3600', effect: 'expire in one hour' }],
  check: ([, seconds = '']) => {
    if (/^\d+$/.test(seconds)) return;
    throw new CodedError('ERR_USAGE', `seconds is "${seconds}"; it must be a whole number.`);
  },
  async run(cache, { json }, host, [key = '', seconds = '']) {
    const touched = await cache.touch(key, Number(seconds));
    host.out(json ? JSON.stringify({ key, touched }) : touched ? 'touched' : 'not found');
    return touched ? EXIT.ok : EXIT.negative;
  },
});
