import type { OptionTable, ValuesOf } from '../../base/index.ts';
import { argumentError, type CacheError } from '../base/errors.ts';
import type { ClientOption, OptionGroup } from './option-group.ts';

const SHOWN_CHARS_MAX = 60;

/**
 * Checks the options and fills in the defaults. An option whose value is undefined is not set.
 * @param path the option that contains these options, with a dot: `failover.`
 * @throws {CacheError} ERR_ARGUMENT for an option that is unknown, missing or not accepted.
 */
export function valuesOf<Table extends OptionTable>(
  group: OptionGroup<Table>,
  given: object,
  path = '',
): ValuesOf<Table> {
  const values: Record<string, unknown> = { ...group.defaults };
  const settings = settingsOf(group, given);
  for (const name in settings) {
    const value = settings[name];
    const option = checkedOption(group, name, value, path);
    if (value === undefined) continue;
    values[name] = option.resolve === undefined ? value : option.resolve(value, path + name);
  }
  for (const [name, option] of group.required) {
    if (values[name] === undefined) throw refused(path + name, option, undefined);
  }
  return values as ValuesOf<Table>;
}

/**
 * Checks the options of a call, which has no defaults. A call without options costs nothing.
 * @throws {CacheError} ERR_ARGUMENT for an option that is unknown or not accepted.
 */
export function checkOptions(group: OptionGroup, given: object | undefined): void {
  if (given === undefined) return;
  const settings = settingsOf(group, given);
  for (const name in settings) checkedOption(group, name, settings[name], '');
}

/** @throws {CacheError} ERR_ARGUMENT when the option does not accept the value. */
export function checkValue(name: string, option: ClientOption, value: unknown): void {
  if (!option.accepts(value)) throw refused(name, option, value);
}

function checkedOption(
  group: OptionGroup,
  name: string,
  value: unknown,
  path: string,
): ClientOption {
  const option = group.byName.get(name);
  if (option === undefined) throw unknownOption(group, path, name);
  if (value !== undefined && !option.accepts(value)) throw refused(path + name, option, value);
  return option;
}

/**
 * Checks what a pattern got in the place of the cache: a program without types may pass anything.
 * @throws {CacheError} ERR_ARGUMENT
 */
export function checkCache(cache: unknown): void {
  if (isObject(cache)) return;
  throw argumentError(
    `The cache is ${shown(cache)}, not a client: pass what createClient returns.`,
  );
}

/** A program without types may pass anything in the place of the options. */
function settingsOf(group: OptionGroup, given: unknown): Readonly<Record<string, unknown>> {
  if (isObject(given)) return given;
  const names = [...group.byName.keys()];
  const numeric =
    names.find((name) => name === 'ttl') ?? names.find((name) => name === 'deadlineMs');
  const hint =
    typeof given === 'number' && numeric !== undefined
      ? `pass { ${numeric}: ${given} }`
      : `pass an object with ${listed(names)}`;
  throw argumentError(`The options are ${shown(given)}, not an object: ${hint}.`);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownOption(group: OptionGroup, path: string, name: string): CacheError {
  const names = listed([...group.byName.keys()]);
  return argumentError(`There is no option "${path}${name}"; the options are ${names}.`);
}

function refused(
  name: string,
  { kind, constraint, isSecret, hint }: ClientOption,
  given: unknown,
): CacheError {
  const isHidden = isSecret === true && given !== undefined;
  const text = isHidden ? 'a hidden value' : shown(given);
  // The constraint of a flag is one of the text that a person types.
  const accepted = kind === 'flag' ? 'true or false' : constraint;
  return argumentError(`${name} is ${text}, ${hint?.(given) ?? `not ${accepted}.`}`);
}

function listed(names: readonly string[]): string {
  return names.join(', ');
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_CHARS_MAX));
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}
