import { defineCacheVerb } from './cache-verb.ts';
import { EXIT } from './exit-codes.ts';

/** `slabring delete` */
export const deleteVerb = defineCacheVerb({
  name: 'delete',
  summary: 'remove keys; exit code 1 when one was not there',
  about: 'Removes keys.\nExit code 0: every key was there; 1: one was not;',
  words: ['key', '[key...]'],
  flags: {},
  examples: [{ command: 'slabring delete greeting', does: 'it is gone' }],
  async run(cache, { json }, host, keys) {
    const deleted = await Promise.all(keys.map((key) => cache.delete(key)));
    if (json) host.out(JSON.stringify(keys.map((key, i) => ({ key, deleted: deleted[i] }))));
    else for (const [i, key] of keys.entries()) host.out(`${key}: ${deleted[i] ? DONE : NONE}`);
    return deleted.every(Boolean) ? EXIT.ok : EXIT.no;
  },
});

const DONE = 'deleted';
const NONE = 'not found';
