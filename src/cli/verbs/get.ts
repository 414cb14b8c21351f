import { defineCacheVerb } from '../cache-verb.ts';
import { EXIT } from '../process/exit-codes.ts';

/** `slabring get` */
export const getVerb = defineCacheVerb({
  name: 'get',
  summary: 'print the values of keys; exit code 1 if a key is missing',
  description:
    'Prints the value of a key. For several keys it prints one line per key: the key, then the ' +
    'value. Values that are not UTF-8 text are printed in base64.\n' +
    'Exit code 0: every key was found; 1: a key was not found;',
  parameters: ['key', '[key...]'],
  flags: {},
  examples: [
    { command: 'slabring get greeting', effect: 'print the value' },
    { command: 'slabring get a b c --json --nodes 10.0.0.1,10.0.0.2', effect: 'print JSON' },
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
    return keys.every((key) => values.has(key)) ? EXIT.ok : EXIT.negative;
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
