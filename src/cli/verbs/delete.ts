import { defineCacheVerb } from '../cache-verb.ts';
import { EXIT } from '../process/exit-codes.ts';

/** `slabring delete` */
export const deleteVerb = defineCacheVerb({
  name: 'delete',
  summary: 'delete keys; exit code 1 if a key did not exist',
  description: 'Deletes keys.\nExit code 0: every key existed; 1: a key did not exist;',
  parameters: ['key', '[key...]'],
  flags: {},
  examples: [{ command: 'slabring delete greeting', effect: 'delete one key' }],
  async run(cache, { json }, host, keys) {
    const deleted = await Promise.all(keys.map((key) => cache.delete(key)));
    if (json) host.out(JSON.stringify(keys.map((key, i) => ({ key, deleted: deleted[i] }))));
    else
      for (const [i, key] of keys.entries())
        host.out(`${key}: ${deleted[i] ? DELETED : NOT_FOUND}`);
    return deleted.every(Boolean) ? EXIT.ok : EXIT.negative;
  },
});

const DELETED = 'deleted';
const NOT_FOUND = 'not found';
