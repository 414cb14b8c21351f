import type { Random } from '../../support/random.ts';

/** A request before it is encoded. */
export interface Draft {
  readonly words: readonly string[];
  readonly data?: string;
  /** memcached's reply is comparable only if this request is not mutated and has its own packet. */
  readonly unmodifiable?: boolean;
}

/** A few keys occur often, so that requests use the same items. */
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

const NUMBERS = ['0', '1', '9', '99', '100', '007', '12 ab', '12 ', ' 12', '+5'];
const NOT_NUMBERS = ['', 'a', '0x10', '1e5', '12ab', '18446744073709551616'];
const LARGE_NUMBERS = ['4294967295', '9223372036854775806', '18446744073709551615'];
const WORDS = ['VALUE a 0 1', 'END', 'get a', 'VA 2', 'HD', 'EN', 'mn', 'two  words'];
const BYTES = ['a\r\nb', 'caf\xc3\xa9', '\x01\xff', 'x'.repeat(300), 'y'.repeat(3000)];
/**
 * Values, like keys, have no `-`, and no value is only blanks: memcached then reads past the value,
 * into other memory.
 */
export const VALUES: readonly string[] = [
  ...NUMBERS,
  ...NOT_NUMBERS,
  ...LARGE_NUMBERS,
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

export function encodeDraft({ words, data }: Draft): string {
  return `${words.join(' ')}\r\n${data === undefined ? '' : `${data}\r\n`}`;
}

export const key = (random: Random): string => random.pick(KEYS);

export const isMeta = ({ words }: Draft): boolean => /^m.$/.test(words[0] ?? '');

/** Whether the request changes a number in place, unless an unwritten reply pins the item. */
export const isCounter = ({ words }: Draft): boolean => /^(incr|decr|ma)$/i.test(words[0] ?? '');

export const withWord = (draft: Draft, at: number, word: string): Draft => ({
  ...draft,
  words: draft.words.with(at, word),
});

export const withoutWord = (draft: Draft, at: number): Draft => ({
  ...draft,
  words: draft.words.toSpliced(at, 1),
});

/** The index of a random word behind the command; 0 if there is only the command. */
export const randomWordIndex = ({ words }: Draft, random: Random): number =>
  words.length === 1 ? 0 : random.int(1, words.length - 1);
