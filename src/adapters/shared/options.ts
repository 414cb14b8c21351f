import { inspect } from 'node:util';
import { CacheError } from '../../client.ts';

/**
 * The options of an adapter for this cache, with a default for each.
 * @throws {CacheError} ERR_ARGUMENT for what is no cache, for an unknown name, and for a value of
 *   another type
 */
export function withDefaults<T extends object>(
  cache: unknown,
  defaults: T,
  options: Partial<T>,
): T {
  if (typeof cache !== 'object' || cache === null || !('delete' in cache)) {
    throw wrong(`The cache is ${shown(cache)}, not a client: pass what createClient returns.`);
  }
  const expected = new Map<string, unknown>(Object.entries(defaults));
  if (typeof options !== 'object' || options === null) {
    const names = [...expected.keys()].join(', ');
    throw wrong(`The options are ${shown(options)}, not an object: pass an object with ${names}.`);
  }
  for (const [name, value] of Object.entries(options)) checkOption(expected, name, value);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

function checkOption(expected: ReadonlyMap<string, unknown>, name: string, value: unknown): void {
  if (!expected.has(name)) {
    throw wrong(`Unknown option "${name}": use one of ${[...expected.keys()].join(', ')}.`);
  }
  const type = typeof expected.get(name);
  if (value !== undefined && (typeof value !== type || Number.isNaN(value))) {
    throw wrong(`The option ${name} is ${shown(value)}, not a ${type}.`);
  }
}

const shown = (value: unknown): string => inspect(value, { depth: 0, maxStringLength: 60 });

const wrong = (detail: string): CacheError => new CacheError('ERR_ARGUMENT', { detail });

/** @throws {CacheError} ERR_ARGUMENT for an empty text, which is the default of what is required */
export function required(name: string, value: string): string {
  if (value === '') throw wrong(`The option ${name} is required: a text that is not empty.`);
  return value;
}
