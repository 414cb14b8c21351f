import type { Random } from '../../support/random.ts';

/** A request before it is written out. */
export interface Draft {
  readonly words: readonly string[];
  readonly data?: string;
  /** Its reply is memcached's only as it stands: it must not be mutated, nor follow others in one packet. */
  readonly fragile?: boolean;
}

/** Few are used often, so that requests meet. */
const KEYS = [
  ...['a', 'a', 'a', 'a', 'a', 'n', 'n', 'n', 'n', 'b', 'b'],
  ...['longer_key_of_some_bytes', 'k\xc3\xa9y', 'k\x01\x7f', 'k\ty'],
] as const;

export const EXPTIMES = [
  ...['0', '0', '0', '0', '100', '100', '2592000', '2000000000'],
  ...['-1', '2592001'],
] as const;
export const FLAGS = ['0', '0', '1', '65535', '65536', '4294967295'] as const;
export const DELTAS = [
  '0',
  '1',
  '9',
  '10',
  '4294967296',
  '9223372036854775807',
  '18446744073709551615',
] as const;

const COUNTS = ['0', '1', '9', '99', '100', '007', '12 ab', '12 ', ' 12', '+5'];
const NO_COUNTS = ['', 'a', '0x10', '1e5', '12ab', '18446744073709551616'];
const LARGE_COUNTS = ['4294967295', '9223372036854775806', '18446744073709551615'];
const WORDS = ['VALUE a 0 1', 'END', 'get a', 'VA 2', 'HD', 'EN', 'mn', 'two  words'];
const BYTES = ['a\r\nb', 'caf\xc3\xa9', '\x01\xff', 'x'.repeat(300), 'y'.repeat(3000)];
/** No `-` (nor in keys) and no value of blanks only: memcached reads on past the value there, into whatever follows. */
export const VALUES: readonly string[] = [
  ...COUNTS,
  ...NO_COUNTS,
  ...LARGE_COUNTS,
  '00000000000000000000000000012',
  ...WORDS,
  ...BYTES,
];

const ODD_SPELLINGS = ['abc', '-1', '1x', '', '+1', '1.5', '-0', '0x1', '1\t', '007', '1e3'];
const AT_32_BITS = ['-2147483648', '-2147483649', '2147483647', '2147483648'];
const BEYOND_32_BITS = ['4294967295', '4294967296', '4294967301'];
const AT_64_BITS = ['9223372036854775807', '9223372036854775808', '18446744073709551615'];
export const BAD_NUMBERS: readonly string[] = [
  ...ODD_SPELLINGS,
  ...AT_32_BITS,
  ...BEYOND_32_BITS,
  ...AT_64_BITS,
  '18446744073709551616',
  '99999999999999999999999',
];

export function write({ words, data }: Draft): string {
  return `${words.join(' ')}\r\n${data === undefined ? '' : `${data}\r\n`}`;
}

export const key = (random: Random): string => random.pick(KEYS);

export const isMeta = ({ words }: Draft): boolean => /^m.$/.test(words[0] ?? '');

/** Whether it changes a number where it lies, unless a reply that is not written yet holds the item. */
export const counts = ({ words }: Draft): boolean => /^(incr|decr|ma)$/i.test(words[0] ?? '');

export const withWord = (draft: Draft, at: number, word: string): Draft => ({
  ...draft,
  words: draft.words.with(at, word),
});

export const withoutWord = (draft: Draft, at: number): Draft => ({
  ...draft,
  words: draft.words.toSpliced(at, 1),
});

/** Some word behind the command, by index; the command itself when it is alone. */
export const someWord = ({ words }: Draft, random: Random): number =>
  words.length === 1 ? 0 : random.int(1, words.length - 1);
