import { defineCacheVerb } from './cache-verb.ts';
import { EXIT } from './exit-codes.ts';

/** `slabring get` */
export const getVerb = defineCacheVerb({
  name: 'get',
  summary: 'print the values of keys; exit code 1 when one is missing',
  about:
    'Prints the value of a key; of several keys a line for each, with the key in front of it.\n' +
    'Bytes that are no text are printed in base64.\n' +
    'Exit code 0: every key was found; 1: one was not;',
  words: ['key', '[key...]'],
  flags: {},
  examples: [
    { command: 'slabring get greeting', does: 'prints the value' },
    { command: 'slabring get a b c --json --nodes 10.0.0.1,10.0.0.2', does: 'as JSON' },
  ],
  async run(cache, { json }, host, keys) {
    const { values, failed } = await cache.getMany(keys);
    for (const error of failed.values()) throw error;
    if (json) {
      host.out(JSON.stringify(keys.map((key) => ({ key, ...report(values, key) }))));
    } else {
      for (const key of keys.filter((each) => values.has(each))) {
        const shown = textOf(values.get(key));
        host.out(keys.length === 1 ? shown : `${key}\t${shown}`);
      }
    }
    return keys.every((key) => values.has(key)) ? EXIT.ok : EXIT.no;
  },
});

function report(values: ReadonlyMap<string, unknown>, key: string): object {
  if (!values.has(key)) return { found: false };
  const value = values.get(key);
  if (value instanceof Uint8Array) {
    return { found: true, base64: Buffer.from(value).toString('base64') };
  }
  return { found: true, value };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!(value instanceof Uint8Array)) return JSON.stringify(value);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value);
  } catch {
    return Buffer.from(value).toString('base64');
  }
}
