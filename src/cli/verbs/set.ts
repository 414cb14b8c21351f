import { isUtf8 } from 'node:buffer';
import { choice } from '../../base/index.ts';
import type { CacheClient } from '../../client/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { ttlFlag } from '../options/ttl-flag.ts';
import { EXIT } from '../process/exit-codes.ts';

const MODES = ['set', 'add', 'replace', 'append', 'prepend'] as const;

/** `slabring set` */
export const setVerb = defineCacheVerb({
  name: 'set',
  summary: 'store a value; exit code 1 if it was not stored',
  description:
    'Stores a value under a key. Without the value argument it reads standard input.\n' +
    'Exit code 0: the value is stored; 1: it is not, because --mode=add found an item, or ' +
    '--mode=replace, append or prepend found none;',
  parameters: ['key', '[value]'],
  flags: {
    ttl: ttlFlag,
    mode: choice({
      words: MODES,
      default: 'set',
      doc: 'add needs an absent key; replace, append and prepend need an existing one.',
    }),
  },
  examples: [
    { command: 'slabring set greeting hello --ttl 60', effect: 'store it for a minute' },
    { command: 'slabring set page < page.html', effect: 'store a file' },
    { command: 'slabring set lock mine --mode add --ttl 30', effect: 'store it only if absent' },
    { command: 'slabring set key -- -5', effect: 'a value that starts with a dash' },
  ],
  async run(cache, { ttl, mode, json }, host, [key = '', given]) {
    const value = given ?? textOrBytes(await host.readInput());
    const stored = (await store(cache, mode, key, value, ttl)) === 'stored';
    host.out(json ? JSON.stringify({ key, stored }) : stored ? 'stored' : 'not stored');
    return stored ? EXIT.ok : EXIT.negative;
  },
});

/** The client marks text and bytes differently; input that is not UTF-8 must stay bytes. */
function textOrBytes(input: Buffer): string | Buffer {
  return isUtf8(input) ? input.toString() : input;
}

async function store(
  cache: CacheClient,
  mode: (typeof MODES)[number],
  key: string,
  value: string | Buffer,
  ttl: number,
): Promise<'stored' | 'not-stored'> {
  if (mode === 'append' || mode === 'prepend') return cache[mode](key, value);
  if (mode !== 'set') return cache[mode](key, value, { ttl });
  await cache.set(key, value, { ttl });
  return 'stored';
}
