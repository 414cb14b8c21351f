import type { Random } from '../../support/random.ts';
import {
  BAD_NUMBERS,
  counts,
  type Draft,
  isMeta,
  someWord,
  withoutWord,
  withWord,
  write,
} from './draft.ts';

/** What is wrong with a request, or with its data; the bytes to send. */
type Mutation = (draft: Draft, random: Random, other: () => Draft) => string;

/** The request with one mistake in it. `other` gives requests that may follow it. */
export function mutate(draft: Draft, random: Random, other: () => Draft): string {
  const all = isMeta(draft) ? META_MUTATIONS : CLASSIC_MUTATIONS;
  return random.pick(all)(draft, random, other);
}

/**
 * Two requests in one packet. The second is no counter, and has no minus sign that the first could
 * take for its data: memcached's replies would then depend on what else lies in its memory.
 */
const followed: Mutation = (draft, _random, other) => {
  for (;;) {
    const next = other();
    if (next.fragile === true || counts(next) || write(next).includes('-')) continue;
    return write(draft) + write(next);
  }
};

const truncated: Mutation = (draft, random) => write(draft).slice(0, -random.int(1, 4));
const moreBlanks: Mutation = (draft, random) =>
  write(draft).replace(' ', ' '.repeat(random.int(2, 5)));
const blanksBefore: Mutation = (draft, random) => ' '.repeat(random.int(1, 3)) + write(draft);
const blanksBehind: Mutation = (draft) => write(draft).replace('\r\n', '  \r\n');
const tab: Mutation = (draft) => write(draft).replace(' ', '\t');
const lineFeeds: Mutation = (draft) => write(draft).replaceAll('\r\n', '\n');
const oneLineFeed: Mutation = (draft) => write(draft).replace('\r\n', '\n');
const twoReturns: Mutation = (draft) => write(draft).replace('\r\n', '\r\r\n');
const emptyLine: Mutation = (draft) => `\r\n${write(draft)}`;
const headless: Mutation = (draft, random) => write(draft).slice(random.int(1, 3));
const upperCase: Mutation = (draft) =>
  write(withWord(draft, 0, (draft.words[0] ?? '').toUpperCase()));
const otherCommand: Mutation = (draft, random) =>
  write(withWord(draft, 0, (draft.words[0] ?? '') + random.pick(['x', 's', '\r', '0'])));
const oneWordLess: Mutation = (draft, random) => write(withoutWord(draft, someWord(draft, random)));
const keyOfLength: Mutation = (draft, random) =>
  write(withWord(draft, Math.min(1, draft.words.length - 1), 'k'.repeat(random.int(249, 252))));
const moreData: Mutation = (draft, random) =>
  write(
    draft.data === undefined
      ? draft
      : { ...draft, data: draft.data + random.pick(['x', '\r', '\n', 'xyz', '\r\n']) },
  );
/** Not the first byte: 0x80 there begins the binary protocol. */
const strangeByte: Mutation = (draft, random) => {
  const at = random.int(1, write(draft).length);
  const strange = String.fromCharCode(random.pick([1, 8, 9, 11, 12, 13, 27, 127, 128, 195, 255]));
  return write(draft).slice(0, at) + strange + write(draft).slice(at);
};
const badNumber: Mutation = (draft, random) =>
  write(withWord(draft, someWord(draft, random), random.pick(BAD_NUMBERS)));

const EVERYWHERE: readonly Mutation[] = [
  ...[followed, truncated, moreBlanks, blanksBefore, blanksBehind, tab, lineFeeds, oneLineFeed],
  ...[twoReturns, emptyLine, headless, upperCase, otherCommand, oneWordLess, keyOfLength],
  ...[moreData, strangeByte, badNumber],
];

const MANY_WORDS = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19';

const CLASSIC_MUTATIONS: readonly Mutation[] = [
  ...EVERYWHERE,
  (draft, random) => write(withWord(draft, draft.words.length - 1, random.pick(BAD_NUMBERS))),
  (draft, random) => {
    const extra = random.pick(['0', 'noreply', 'x', '-1', 'a b c', MANY_WORDS]);
    const at = random.int(1, draft.words.length);
    return write({ ...draft, words: draft.words.toSpliced(at, 0, extra) });
  },
  (draft, random) => {
    const word = random.pick(['NOREPLY', 'noreplyx', 'noreply noreply', 'norepl']);
    return write({ ...draft, words: [...draft.words, word] });
  },
];

/** Tokens that both servers refuse alike. */
const BAD_FLAGS = [
  ...['v', 'k', 'q', 'M', 'MX', 'MSS', 'T', 'Tabc', 'T1x', 'N', 'R', 'Rx', 'C', 'Cabc', 'C-1'],
  ...['D', 'Dabc', 'J', 'J-1', 'F', 'Fabc', 'F-1', '!', 'z', '9', '_', 'b', '\x7f', '\xff'],
  `O${'o'.repeat(32)}`,
];
const META_COMMANDS = ['mg', 'ms', 'md', 'mn', 'me', 'mz'] as const;

const withFlag = (draft: Draft, flag: string): Draft => ({
  ...draft,
  words: [...draft.words, flag],
});

const META_MUTATIONS: readonly Mutation[] = [
  ...EVERYWHERE,
  ...Array.from(
    { length: 3 },
    (): Mutation => (draft, random) => write(withFlag(draft, random.pick(BAD_FLAGS))),
  ),
  (draft, random) => write(withWord(draft, someWord(draft, random), random.pick(BAD_FLAGS))),
  (draft, random) => write(withFlag(withFlag(draft, random.pick(BAD_FLAGS)), 'z')),
  (draft) => write(withFlag(draft, MANY_WORDS)),
  (draft, random) => write(withWord(draft, 0, random.pick(META_COMMANDS))),
  badTokenNumber,
];

/** A flag with a number that is none, or too large. A `t` may have to show what nobody can. */
function badTokenNumber(draft: Draft, random: Random): string {
  const words = draft.words.filter((word) => word !== 't');
  const numbered = [...words.keys()].filter((at) => /^[TNRCDJF]/.test(words[at]!) && at > 1);
  if (numbered.length === 0) return badNumber(draft, random, () => draft);
  const at = random.pick(numbered);
  return write({ ...draft, words: words.with(at, words[at]![0]! + random.pick(BAD_NUMBERS)) });
}
