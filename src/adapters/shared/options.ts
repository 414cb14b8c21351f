import { CacheError } from '../../client.ts';

/**
 * The options of an adapter, with a default for each.
 * @throws {CacheError} ERR_ARGUMENT for an unknown name, and for a value of another type
 */
export function withDefaults<T extends object>(defaults: T, options: Partial<T>): T {
  const expected = new Map<string, unknown>(Object.entries(defaults));
  for (const [name, value] of Object.entries(options)) {
    if (!expected.has(name)) {
      throw wrong(`Unknown option "${name}": use one of ${[...expected.keys()].join(', ')}.`);
    }
    const type = typeof expected.get(name);
    if (value !== undefined && (typeof value !== type || Number.isNaN(value))) {
      throw wrong(`The option ${name} is ${JSON.stringify(value)}, not a ${type}.`);
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

const wrong = (detail: string): CacheError => new CacheError('ERR_ARGUMENT', { detail });

/** @throws {CacheError} ERR_ARGUMENT for an empty text, which is the default of what is required */
export function required(name: string, value: string): string {
  if (value === '') throw wrong(`The option ${name} is required: a text that is not empty.`);
  return value;
}
