import type { Flag } from './flag.ts';
import { parseSize, sizeText } from './sizes.ts';

/** What every kind of option may say about itself. */
interface Common {
  readonly doc: string;
  readonly short?: string;
  readonly long?: string;
  readonly env?: string;
  readonly alsoEnv?: string;
  readonly suboption?: string;
}

interface Ranged extends Common {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** In place of "it must be …", where another sentence helps more. */
  readonly must?: string;
}

/** A whole number, `min` and `max` included. */
export function integer(entry: Ranged): Flag<number> {
  const must = `a whole number from ${entry.min} to ${entry.max}`;
  const parse = (text: string) => (/^[+-]?\d+$/.test(text) ? Number(text) : undefined);
  return ranged('integer', { must, ...entry }, parse, String);
}

/** A number with a fraction, `min` and `max` included. */
export function number(entry: Ranged): Flag<number> {
  const must = `a number from ${entry.min} to ${entry.max}`;
  const parse = (text: string) =>
    /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined;
  return ranged('number', { must, ...entry }, parse, String);
}

/** File permissions, written in octal as `chmod` takes them. */
export function octal(entry: Ranged): Flag<number> {
  const text = (value: number) => value.toString(8);
  const must = `an octal number from ${text(entry.min)} to ${text(entry.max)}`;
  const parse = (given: string) =>
    /^[0-7]{1,6}$/.test(given) ? Number.parseInt(given, 8) : undefined;
  return ranged('octal', { must, ...entry }, parse, text);
}

const BARE_UNIT_BYTES = { bytes: 1, kilobytes: 2 ** 10, megabytes: 2 ** 20 } as const;

interface Sized extends Common {
  /** Sizes as a person types them: `64m`. */
  readonly default: string;
  readonly min: string;
  readonly max: string;
  /** What a bare number counts: bytes, or larger units as in memcached's `-m 64`. */
  readonly bare?: keyof typeof BARE_UNIT_BYTES;
}

/** A size; its value is in bytes. */
export function bytes(entry: Sized): Flag<number> {
  const { min, max, bare = 'bytes', ...rest } = entry;
  const must = `a size from ${min} to ${max} (suffixes k, m and g; a bare number counts ${bare})`;
  const range = { default: sizeOf(entry.default), min: sizeOf(min), max: sizeOf(max) };
  return ranged(
    'bytes',
    { ...rest, ...range, must },
    (text) => parseSize(text, BARE_UNIT_BYTES[bare]),
    sizeText,
  );
}

/** On or off; off unless given. */
export function flag(entry: Common): Flag<boolean> {
  return {
    ...entry,
    kind: 'flag',
    default: false,
    must: 'on or off (also true, false, yes, no, 1, 0)',
    placeholder: '',
    show: (value) => (value ? 'on' : 'off'),
    parse: (text) => SWITCH.get(text.toLowerCase()),
    combine: lastOf,
  };
}

/** How often it was given: `-vv` is 2. The environment variable says the number. */
export function count(entry: Common & { readonly max: number }): Flag<number> {
  const { max, ...rest } = entry;
  const parse = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);
  const sum = (given: readonly number[]) =>
    Math.min(
      max,
      given.reduce((total, each) => total + each, 0),
    );
  const base = ranged(
    'count',
    { ...rest, default: 0, min: 0, max, must: `a whole number from 0 to ${max}` },
    parse,
    String,
  );
  return { ...base, placeholder: '', combine: sum };
}

/** Any text; the empty text means "none". */
export function text(
  entry: Common & { readonly default?: string; readonly placeholder?: string },
): Flag<string> {
  const { default: value = '', placeholder = '<text>', ...rest } = entry;
  return {
    ...rest,
    kind: 'text',
    default: value,
    must: 'some text',
    placeholder,
    show: (given) => given,
    parse: (given) => given,
    combine: lastOf,
  };
}

/** One of a few words. */
export function choice<const Word extends string>(
  entry: Common & { readonly words: readonly Word[]; readonly default: Word },
): Flag<Word> {
  const { words, ...rest } = entry;
  return {
    ...rest,
    kind: 'text',
    must: `one of ${words.join(', ')}`,
    placeholder: `<${words.join('|')}>`,
    show: (given) => given,
    parse: (given) => words.find((word) => word === given),
    combine: lastOf,
  };
}

/** Several texts: separated by commas, or the option given several times. */
export function list(entry: Common & { readonly placeholder: string }): Flag<readonly string[]> {
  return {
    ...entry,
    kind: 'list',
    default: [],
    show: (entries) => entries.join(','),
    must: 'a comma-separated list without empty entries',
    parse: (given) => {
      const entries = given.split(',').map((each) => each.trim());
      return entries.includes('') ? undefined : entries;
    },
    combine: (given) => given.flat(),
  };
}

/** memcached's `-o name,name=value`: each sets the entry of the table that carries that suboption. */
export function suboptions(
  entry: Common & { readonly ignored: Readonly<Record<string, string>> },
): Flag<readonly string[]> {
  return { ...list({ ...entry, placeholder: '<name=value,…>' }), kind: 'suboptions' };
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['true', true],
  ['yes', true],
  ['1', true],
  ['off', false],
  ['false', false],
  ['no', false],
  ['0', false],
]);

function ranged(
  kind: Flag<number>['kind'],
  entry: Ranged & { readonly must: string },
  read: (text: string) => number | undefined,
  show: (value: number) => string,
): Flag<number> {
  const { min, max, ...rest } = entry;
  const parse = (text: string) => {
    const value = read(text);
    return value !== undefined && value >= min && value <= max ? value : undefined;
  };
  return { ...rest, kind, show, placeholder: '<num>', parse, combine: lastOf };
}

function lastOf<T>(given: readonly T[]): T {
  return given[given.length - 1]!;
}

function sizeOf(text: string): number {
  return parseSize(text) ?? Number.NaN;
}
