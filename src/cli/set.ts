import { choice } from '../base/index.ts';
import type { CacheClient } from '../client/index.ts';
import { defineCacheVerb } from './cache-verb.ts';
import { EXIT } from './exit-codes.ts';
import { ttlFlag } from './ttl-flag.ts';

const MODES = ['set', 'add', 'replace', 'append', 'prepend'] as const;

/** `slabring set` */
export const setVerb = defineCacheVerb({
  name: 'set',
  summary: 'store a value; exit code 1 when it was not stored',
  about:
    'Stores a text under a key. Without a value it is read from standard input, to its end.\n' +
    'Exit code 0: it is stored; 1: --mode=add found one, or the others found none;',
  words: ['key', '[value]'],
  flags: {
    ttl: ttlFlag,
    mode: choice({
      words: MODES,
      default: 'set',
      doc: 'add stores only where there is none, replace, append and prepend only where there is one.',
    }),
  },
  examples: [
    { command: 'slabring set greeting hello --ttl 60', does: 'for a minute' },
    { command: 'slabring set page < page.html', does: 'from a file' },
    { command: 'slabring set lock mine --mode add --ttl 30', does: 'who came first has it' },
    { command: 'slabring set key -- -5', does: 'a value that begins with a dash' },
  ],
  async run(cache, { ttl, mode, json }, host, [key = '', given]) {
    const value = given ?? (await host.readInput());
    const stored = (await store(cache, mode, key, value, ttl)) === 'stored';
    host.out(json ? JSON.stringify({ key, stored }) : stored ? 'stored' : 'not stored');
    return stored ? EXIT.ok : EXIT.no;
  },
});

async function store(
  cache: CacheClient,
  mode: (typeof MODES)[number],
  key: string,
  value: string,
  ttl: number,
): Promise<'stored' | 'not-stored'> {
  if (mode === 'append' || mode === 'prepend') return cache[mode](key, value);
  if (mode !== 'set') return cache[mode](key, value, { ttl });
  await cache.set(key, value, { ttl });
  return 'stored';
}
