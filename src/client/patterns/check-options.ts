import { argumentError } from '../options.ts';

/**
 * Refuses unknown options, so that a pattern never ignores one silently.
 * @throws {CacheError} ERR_ARGUMENT
 */
export function checkNames(options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw argumentError(`There is no option "${name}".`);
  }
}

/** @throws {CacheError} ERR_ARGUMENT for a number that is not from `min` to `max`. */
export function checkRange(name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  throw argumentError(`${name} is ${value}, not ${min} to ${max}.`);
}

/** @throws {CacheError} ERR_ARGUMENT for a number that is not a whole one from `min` to `max`. */
export function checkWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw argumentError(`${name} is ${value}, not a whole number from ${min} to ${max}.`);
}
