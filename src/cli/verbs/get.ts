import type { GetManyResult } from '../../client/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { briefReason } from '../cache/explain.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';

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
    const results = await cache.getMany(keys);
    if (json) host.out(JSON.stringify(keys.map((key) => ({ key, ...report(key, results) }))));
    else printValues(keys, results, host);
    const [failure] = results.failed.values();
    if (failure !== undefined) throw failure;
    return keys.every((key) => results.values.has(key)) ? EXIT.ok : EXIT.negative;
  },
});

type Results = Pick<GetManyResult, 'values' | 'failed'>;

/** Standard output has only values: a script must not take a remark for one. */
function printValues(keys: readonly string[], { values, failed }: Results, host: Host): void {
  for (const key of keys) {
    const isOnly = keys.length === 1;
    if (values.has(key)) {
      const shown = textOf(values.get(key));
      host.out(isOnly ? shown : `${key}\t${shown}`);
    } else if (!failed.has(key)) host.err(isOnly ? 'not found' : `${key}: not found`);
    else if (!isOnly) host.err(`${key}: failed`);
  }
}

function report(key: string, { values, failed }: Results): object {
  const error = failed.get(key);
  if (error !== undefined) return { error: briefReason(error) };
  if (!values.has(key)) return { found: false };
  const value = values.get(key);
  if (!(value instanceof Uint8Array)) return { found: true, value };
  return { found: true, base64: Buffer.from(value).toString('base64') };
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
