import type { Flag } from './flag.ts';
import type { Option } from './option.ts';
import { formatSize, parseSize } from './sizes.ts';

/** The fields that every kind of option accepts. */
interface BaseEntry {
  readonly doc: string;
  readonly short?: string;
  readonly long?: string;
  readonly env?: string;
  readonly alsoEnv?: readonly string[];
  readonly isCommandLineOnly?: true;
  readonly suboption?: string;
  readonly bareSuboption?: string;
  readonly noEffect?: string;
}

interface RangeEntry extends BaseEntry {
  readonly min: number;
  readonly max: number;
  /** The unit of the number, where neither the name nor `doc` says it. */
  readonly unit?: string;
  /** Replaces the default text after "it must be", where another text helps more. */
  readonly constraint?: string;
}

type Defaulted<Entry> = Entry & { readonly default: number };

/** A whole number from `min` to `max`, both included. */
export function integer(entry: Defaulted<RangeEntry>): Flag<number>;
export function integer(entry: RangeEntry): Option<number | undefined>;
export function integer(entry: RangeEntry): Option<number | undefined> {
  const constraint = `a whole number${rangeText(entry)}`;
  const parse = (text: string) => (/^[+-]?\d+$/.test(text) ? Number(text) : undefined);
  return ranged('integer', { constraint, ...entry }, parse, String, Number.isInteger);
}

/** A number from `min` to `max`, both included; it may have a fraction. */
export function number(entry: Defaulted<RangeEntry>): Flag<number>;
export function number(entry: RangeEntry): Option<number | undefined>;
export function number(entry: RangeEntry): Option<number | undefined> {
  const constraint = `a number${rangeText(entry)}`;
  const parse = (text: string) =>
    /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined;
  return ranged('number', { constraint, ...entry }, parse, String);
}

function rangeText({ min, max, unit }: RangeEntry): string {
  return `${unit === undefined ? '' : ` of ${unit}`} from ${min} to ${max}`;
}

/** File permissions, in octal as `chmod` takes them. */
export function octal(entry: Defaulted<RangeEntry>): Flag<number> {
  const format = (value: number) => value.toString(8);
  const constraint = `an octal number from ${format(entry.min)} to ${format(entry.max)}`;
  const parse = (given: string) =>
    /^[0-7]{1,6}$/.test(given) ? Number.parseInt(given, 8) : undefined;
  return ranged('octal', { constraint, ...entry }, parse, format, Number.isInteger);
}

/** The bytes that a number without a suffix means. */
const BARE_UNITS = {
  bytes: (number: number) => number,
  megabytes: (number: number) => number * 2 ** 20,
  /** As memcached's slab_chunk_max: older versions count bytes, newer ones kilobytes. */
  'kilobytes up to 1024, bytes above': (number: number) =>
    number <= 1024 ? number * 2 ** 10 : number,
} as const;

interface SizeEntry extends BaseEntry {
  /** Sizes as a person types them: `64m`. */
  readonly default: string;
  readonly min: string;
  readonly max: string;
  /** The unit of a number without a suffix: bytes, or a larger one as in memcached's `-m 64`. */
  readonly bareUnit?: keyof typeof BARE_UNITS;
}

/** A size; the value is in bytes. */
export function bytes(entry: SizeEntry): Flag<number> {
  const { min, max, bareUnit = 'bytes', ...rest } = entry;
  const units = `suffix k, m or g; without a suffix: ${bareUnit}`;
  const constraint = `a size from ${min} to ${max} (${units})`;
  const range = { default: sizeOf(entry.default), min: sizeOf(min), max: sizeOf(max) };
  return ranged(
    'bytes',
    { ...rest, ...range, constraint },
    (text) => parseSize(text, BARE_UNITS[bareUnit]),
    formatSize,
    Number.isInteger,
  );
}

/** On or off; off by default. */
export function flag(entry: BaseEntry): Flag<boolean> {
  return {
    ...entry,
    kind: 'flag',
    default: false,
    constraint: 'on or off (also true, false, yes, no, 1, 0)',
    placeholder: '',
    type: 'boolean',
    accepts: (value) => typeof value === 'boolean',
    format: (value) => (value ? 'on' : 'off'),
    parse: (text) => SWITCH_VALUES.get(text.toLowerCase()),
    combine: lastOf,
  };
}

/** The number of occurrences: `-vv` is 2. The environment variable holds the number itself. */
export function count(entry: BaseEntry & { readonly max: number }): Flag<number> {
  const { max, ...rest } = entry;
  const parse = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);
  const sum = (given: readonly number[]) =>
    Math.min(
      max,
      given.reduce((total, one) => total + one, 0),
    );
  const base = ranged(
    'count',
    { ...rest, default: 0, min: 0, max, constraint: `a whole number from 0 to ${max}` },
    parse,
    String,
    Number.isInteger,
  );
  return { ...base, placeholder: '', combine: sum };
}

/** Any text; empty text means "not set". */
export function text(
  entry: BaseEntry & { readonly default?: string; readonly placeholder?: string },
): Flag<string> {
  const { default: value = '', placeholder = '<text>', ...rest } = entry;
  return {
    ...rest,
    kind: 'text',
    default: value,
    constraint: 'some text',
    type: 'string',
    accepts: isText,
    placeholder,
    format: (given) => given,
    parse: (given) => given,
    combine: lastOf,
  };
}

/** One of several words. */
export function choice<const Word extends string>(
  entry: BaseEntry & { readonly words: readonly Word[]; readonly default: Word },
): Flag<Word> {
  const { words, ...rest } = entry;
  return {
    ...rest,
    kind: 'text',
    constraint: `one of ${words.join(', ')}`,
    type: words.map((word) => `'${word}'`).join(' | '),
    accepts: (value) => words.some((word) => word === value),
    placeholder: `<${words.join('|')}>`,
    format: (given) => given,
    parse: (given) => words.find((word) => word === given),
    combine: lastOf,
  };
}

interface ListEntry extends BaseEntry {
  readonly placeholder: string;
  /** The separator; by default a comma. */
  readonly separator?: RegExp;
  /** Whether empty entries are skipped and not refused. */
  readonly skipsEmpty?: boolean;
}

/** Several texts: separated by commas, or from several occurrences of the option. */
export function list(entry: ListEntry): Flag<readonly string[]> {
  const { separator = /,/, skipsEmpty = false, ...rest } = entry;
  return {
    ...rest,
    kind: 'list',
    default: [],
    format: (entries) => entries.join(','),
    constraint: `a comma-separated list${skipsEmpty ? '' : ' without empty entries'}`,
    type: 'readonly string[]',
    accepts: (value) => Array.isArray(value) && value.every(isText),
    parse: (given) => {
      const entries = given.split(separator).map((each) => each.trim());
      if (skipsEmpty) return entries.filter((each) => each !== '');
      return entries.includes('') ? undefined : entries;
    },
    combine: (given) => given.flat(),
  };
}

/**
 * memcached's `-o name,name=value`: each name sets the entry with that `suboption`, or is one of
 * those in `fulfilled` and `ineffective`.
 */
export function suboptions(
  entry: BaseEntry & Required<Pick<Flag<unknown>, 'fulfilled' | 'ineffective'>>,
): Flag<readonly string[]> {
  const option = list({ ...entry, placeholder: '<name=value,…>', skipsEmpty: true });
  return { ...option, kind: 'suboptions' };
}

const SWITCH_VALUES: ReadonlyMap<string, boolean> = new Map([
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
  entry: RangeEntry & { readonly default?: number; readonly constraint: string },
  read: (text: string) => number | undefined,
  format: (value: number) => string,
  isOfKind: (value: number) => boolean = Number.isFinite,
): Flag<number> {
  const { min, max, default: value, ...rest } = entry;
  const accepts = (given: unknown): given is number =>
    typeof given === 'number' && isOfKind(given) && given >= min && given <= max;
  const parse = (text: string) => {
    const parsed = read(text);
    return accepts(parsed) ? parsed : undefined;
  };
  const bounds = `${grouped(min)} … ${grouped(max)}`;
  const facts = { kind, bounds, type: 'number', accepts };
  // The overloads of the kinds say whether the entry has a default.
  return {
    ...rest,
    ...facts,
    default: value as number,
    format,
    placeholder: '<num>',
    parse,
    combine: lastOf,
  };
}

/** `3600000` as `3,600,000`. */
function grouped(value: number): string {
  return Number.isInteger(value) ? `${value}`.replace(/\B(?=(\d{3})+$)/g, ',') : `${value}`;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function lastOf<T>(given: readonly T[]): T {
  return given[given.length - 1]!;
}

function sizeOf(text: string): number {
  return parseSize(text) ?? Number.NaN;
}
