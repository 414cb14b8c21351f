import type { Random } from '../../support/random.ts';
import {
  BAD_NUMBERS,
  type Draft,
  encodeDraft,
  isCounter,
  isMeta,
  randomWordIndex,
  withoutWord,
  withWord,
} from './draft.ts';

/** Puts one mistake into a request or its data, and returns the bytes to send. */
type Mutation = (draft: Draft, random: Random, other: () => Draft) => string;

/** Encodes the request with one mistake in it. `other` generates requests that may follow it. */
export function mutate(draft: Draft, random: Random, other: () => Draft): string {
  const all = isMeta(draft) ? META_MUTATIONS : CLASSIC_MUTATIONS;
  return random.pick(all)(draft, random, other);
}

/**
 * Two requests in one packet. The second is not a counter and has no minus sign, because the first
 * could read it as data: memcached's replies would then depend on other contents of its memory.
 */
const twoRequests: Mutation = (draft, _random, other) => {
  for (;;) {
    const next = other();
    if (next.unmodifiable === true || isCounter(next) || encodeDraft(next).includes('-')) continue;
    return encodeDraft(draft) + encodeDraft(next);
  }
};

const truncated: Mutation = (draft, random) => encodeDraft(draft).slice(0, -random.int(1, 4));
const moreBlanks: Mutation = (draft, random) =>
  encodeDraft(draft).replace(' ', ' '.repeat(random.int(2, 5)));
const blanksBefore: Mutation = (draft, random) => ' '.repeat(random.int(1, 3)) + encodeDraft(draft);
const blanksBehind: Mutation = (draft) => encodeDraft(draft).replace('\r\n', '  \r\n');
const tabForBlank: Mutation = (draft) => encodeDraft(draft).replace(' ', '\t');
const lineFeeds: Mutation = (draft) => encodeDraft(draft).replaceAll('\r\n', '\n');
const oneLineFeed: Mutation = (draft) => encodeDraft(draft).replace('\r\n', '\n');
const twoReturns: Mutation = (draft) => encodeDraft(draft).replace('\r\n', '\r\r\n');
const emptyLine: Mutation = (draft) => `\r\n${encodeDraft(draft)}`;
const withoutFirstBytes: Mutation = (draft, random) => encodeDraft(draft).slice(random.int(1, 3));
const upperCase: Mutation = (draft) =>
  encodeDraft(withWord(draft, 0, (draft.words[0] ?? '').toUpperCase()));
const otherCommand: Mutation = (draft, random) =>
  encodeDraft(withWord(draft, 0, (draft.words[0] ?? '') + random.pick(['x', 's', '\r', '0'])));
const oneWordLess: Mutation = (draft, random) =>
  encodeDraft(withoutWord(draft, randomWordIndex(draft, random)));
const keyOfLength: Mutation = (draft, random) =>
  encodeDraft(
    withWord(draft, Math.min(1, draft.words.length - 1), 'k'.repeat(random.int(249, 252))),
  );
const moreData: Mutation = (draft, random) =>
  encodeDraft(
    draft.data === undefined
      ? draft
      : { ...draft, data: draft.data + random.pick(['x', '\r', '\n', 'xyz', '\r\n']) },
  );
/** Never replaces the first byte, because 0x80 there starts the binary protocol. */
const unusualByte: Mutation = (draft, random) => {
  const at = random.int(1, encodeDraft(draft).length);
  const strange = String.fromCharCode(random.pick([1, 8, 9, 11, 12, 13, 27, 127, 128, 195, 255]));
  return encodeDraft(draft).slice(0, at) + strange + encodeDraft(draft).slice(at);
};
const badNumber: Mutation = (draft, random) =>
  encodeDraft(withWord(draft, randomWordIndex(draft, random), random.pick(BAD_NUMBERS)));

const COMMON_MUTATIONS: readonly Mutation[] = [
  ...[
    twoRequests,
    truncated,
    moreBlanks,
    blanksBefore,
    blanksBehind,
    tabForBlank,
    lineFeeds,
    oneLineFeed,
  ],
  ...[twoReturns, emptyLine, withoutFirstBytes, upperCase, otherCommand, oneWordLess, keyOfLength],
  ...[moreData, unusualByte, badNumber],
];

const MANY_WORDS = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19';

const CLASSIC_MUTATIONS: readonly Mutation[] = [
  ...COMMON_MUTATIONS,
  (draft, random) => encodeDraft(withWord(draft, draft.words.length - 1, random.pick(BAD_NUMBERS))),
  (draft, random) => {
    const extra = random.pick(['0', 'noreply', 'x', '-1', 'a b c', MANY_WORDS]);
    const at = random.int(1, draft.words.length);
    return encodeDraft({ ...draft, words: draft.words.toSpliced(at, 0, extra) });
  },
  (draft, random) => {
    const word = random.pick(['NOREPLY', 'noreplyx', 'noreply noreply', 'norepl']);
    return encodeDraft({ ...draft, words: [...draft.words, word] });
  },
];

/** Tokens that both servers refuse with the same reply. */
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
  ...COMMON_MUTATIONS,
  ...Array.from(
    { length: 3 },
    (): Mutation => (draft, random) => encodeDraft(withFlag(draft, random.pick(BAD_FLAGS))),
  ),
  (draft, random) =>
    encodeDraft(withWord(draft, randomWordIndex(draft, random), random.pick(BAD_FLAGS))),
  (draft, random) => encodeDraft(withFlag(withFlag(draft, random.pick(BAD_FLAGS)), 'z')),
  (draft) => encodeDraft(withFlag(draft, MANY_WORDS)),
  (draft, random) => encodeDraft(withWord(draft, 0, random.pick(META_COMMANDS))),
  badTokenNumber,
];

/** Gives a flag an invalid or too large number; removes `t`, which would show that number. */
function badTokenNumber(draft: Draft, random: Random): string {
  const words = draft.words.filter((word) => word !== 't');
  const numbered = [...words.keys()].filter((at) => /^[TNRCDJF]/.test(words[at]!) && at > 1);
  if (numbered.length === 0) return badNumber(draft, random, () => draft);
  const at = random.pick(numbered);
  return encodeDraft({
    ...draft,
    words: words.with(at, words[at]![0]! + random.pick(BAD_NUMBERS)),
  });
}
