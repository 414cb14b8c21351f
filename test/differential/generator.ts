import type { Random } from '../support/random.ts';
import type { Framing } from './conversation.ts';

/** One generated step. */
export interface GeneratedStep {
  readonly text: string;
  /** A mutated step may put its stream out of step, so it travels alone. */
  readonly framing: Framing;
}

const STEPS_MAX = 24;
const MUTATED_ONE_IN = 3;

/** A request before it is written out. */
interface Draft {
  readonly words: readonly string[];
  readonly data?: string;
}

const EXPTIMES = ['0', '0', '0', '100', '2592000', '2000000000', '-1', '2592001'] as const;
const FLAGS = ['0', '0', '1', '65535', '65536', '4294967295'] as const;
const DELTAS = [
  '0',
  '1',
  '9',
  '10',
  '4294967296',
  '9223372036854775807',
  '18446744073709551615',
] as const;
/** No `-` (nor in keys) and no value of blanks only: memcached reads on past the value there, into whatever follows. */
const VALUES = [
  ...[
    '',
    'a',
    '0',
    '1',
    '9',
    '99',
    '100',
    '007',
    '12 ab',
    '12 ',
    ' 12',
    '+5',
    '0x10',
    '1e5',
    '12ab',
  ],
  ...['4294967295', '9223372036854775806', '18446744073709551615', '18446744073709551616'],
  ...['00000000000000000000000000012', 'VALUE a 0 1', 'END', 'get a', 'x'.repeat(300)],
  ...['a\r\nb', 'caf\xc3\xa9', '\x01\xff', 'two  words'],
];
const KEYS = [
  'a',
  'b',
  'c',
  'n',
  'longer_key_of_some_bytes',
  'k\xc3\xa9y',
  'k\x01\x7f',
  'k\ty',
] as const;
const BAD_NUMBERS = [
  ...[
    'abc',
    '-1',
    '1x',
    '',
    '+1',
    '1.5',
    '-0',
    '0x1',
    '1\t',
    '007',
    '1e3',
    '-2147483648',
    '-2147483649',
  ],
  ...['2147483647', '2147483648', '4294967295', '4294967296', '4294967301', '9223372036854775807'],
  ...[
    '9223372036854775808',
    '18446744073709551615',
    '18446744073709551616',
    '99999999999999999999999',
  ],
];

/** A run of steps on a small key space; the same for the same `random`. */
export function generateSteps(random: Random): readonly GeneratedStep[] {
  return Array.from({ length: random.int(4, STEPS_MAX) }, () => generateStep(random));
}

function generateStep(random: Random): GeneratedStep {
  const draft = request(random);
  const mutations = isMeta(draft) ? META_MUTATIONS : MUTATIONS;
  const mutated = random.oneIn(MUTATED_ONE_IN) ? random.pick(mutations)(draft, random) : undefined;
  return mutated === undefined || DELAYED_FLUSH.test(mutated)
    ? { text: write(draft), framing: 'sentinel' }
    : { text: mutated, framing: 'alone' };
}

/** When it acts is a matter of clocks, and it would reach into the scripts after. */
const DELAYED_FLUSH = /flush_all[\t-\r ]+\+?0*[1-9]/;

function write({ words, data }: Draft): string {
  return `${words.join(' ')}\r\n${data === undefined ? '' : `${data}\r\n`}`;
}

function request(random: Random): Draft {
  const kind = random.weighted([
    [6, retrieval],
    [7, storage],
    [2, compareAndSwap],
    [4, arithmetic],
    [2, removal],
    [1, rare],
    [8, meta],
  ]);
  const draft = kind(random);
  return takesNoreply(draft) && random.oneIn(6)
    ? { ...draft, words: [...draft.words, 'noreply'] }
    : draft;
}

const isMeta = ({ words }: Draft): boolean => /^m.$/.test(words[0] ?? '');
const takesNoreply = (draft: Draft): boolean => !/^g/.test(draft.words[0] ?? '') && !isMeta(draft);
const key = (random: Random): string => random.pick(KEYS);

function retrieval(random: Random): Draft {
  const command = random.pick(['get', 'gets', 'gets', 'gat', 'gats']);
  const keys = Array.from({ length: random.int(1, 4) }, () => key(random));
  const exptime = command.startsWith('gat') ? [random.pick(EXPTIMES)] : [];
  return { words: [command, ...exptime, ...keys] };
}

function storage(random: Random): Draft {
  const command = random.pick(['set', 'set', 'set', 'add', 'replace', 'append', 'prepend']);
  return storageOf(command, random, []);
}

function compareAndSwap(random: Random): Draft {
  const cas = random.oneIn(3) ? '999999999999' : undefined;
  const name = key(random);
  return storageOf('cas', random, [cas ?? `{cas ${name}}`], name);
}

function storageOf(
  command: string,
  random: Random,
  tail: readonly string[],
  name = key(random),
): Draft {
  const data = random.pick(VALUES);
  const head = [command, name, random.pick(FLAGS), random.pick(EXPTIMES)];
  return { words: [...head, String(data.length), ...tail], data };
}

function arithmetic(random: Random): Draft {
  return { words: [random.pick(['incr', 'decr']), key(random), random.pick(DELTAS)] };
}

function removal(random: Random): Draft {
  const zero = random.oneIn(4) ? ['0'] : [];
  return random.oneIn(2)
    ? { words: ['delete', key(random), ...zero] }
    : { words: ['touch', key(random), random.pick(EXPTIMES)] };
}

function rare(random: Random): Draft {
  const lines = ['flush_all', 'flush_all 0', 'flush_all -1', 'verbosity 0', 'verbosity 1'];
  return { words: random.pick(lines).split(' ') };
}

/** Keys that only meta commands ask for, in base64: what memcached forgets of those when it copies an item is ours to remember. */
const BINARY_KEYS = ['AAFi', '/+8=', 'YQBiYw=='] as const;
const META_TIMES = ['0', '100', '2592000', '2000000000'] as const;

function meta(random: Random): Draft {
  const command = random.weighted([
    [6, metaGet],
    [5, metaSet],
    [2, metaDelete],
    [4, metaArithmetic],
    [1, metaRare],
  ]);
  return command(random);
}

/** Some of these flags, in any order. */
function someFlags(random: Random, flags: readonly string[]): readonly string[] {
  const chosen = flags.filter(() => random.oneIn(3));
  return chosen.toSorted(() => (random.oneIn(2) ? 1 : -1));
}

const opaque = (random: Random): string => `O${'o'.repeat(random.int(1, 31))}`;
const cas = (random: Random, name: string): string =>
  random.pick([`C{cas ${name}}`, 'C0', 'C1', 'C18446744073709551615']);

function metaGet(random: Random): Draft {
  if (random.oneIn(5)) {
    const flags = someFlags(random, ['k', 'v', 'c', 'f', 's', 'q', 'T100', opaque(random)]);
    return { words: ['mg', random.pick(BINARY_KEYS), 'b', ...flags] };
  }
  const time = () => random.pick(META_TIMES);
  const flags = ['v', 'c', 'f', 's', 'h', 'l', 't', 'q', 'u', `N${time()}`, `T${time()}`];
  const chosen = someFlags(random, [...flags, `R${time()}`, opaque(random), 'Pp', 'Ll', 'I']);
  return { words: ['mg', key(random), 'k', ...chosen] };
}

function metaSet(random: Random): Draft {
  const data = random.pick(VALUES);
  const flags = ['k', 'c', 'q', 'I', `T${random.pick(EXPTIMES)}`, `F${random.pick(FLAGS)}`];
  const chosen = someFlags(random, [...flags, opaque(random)]);
  const length = String(data.length);
  if (random.oneIn(5)) {
    return { words: ['ms', random.pick(BINARY_KEYS), length, 'b', ...chosen], data };
  }
  const name = key(random);
  const mode = random.oneIn(2) ? [`M${random.pick(['S', 'E', 'A', 'P', 'R'])}`] : [];
  const compare = random.oneIn(3) ? [cas(random, name)] : [];
  return { words: ['ms', name, length, ...mode, ...compare, ...chosen], data };
}

function metaDelete(random: Random): Draft {
  const binary = random.oneIn(5);
  const name = binary ? random.pick(BINARY_KEYS) : key(random);
  const flags = someFlags(random, ['k', 'q', 'I', `T${random.pick(EXPTIMES)}`, opaque(random)]);
  const compare = !binary && random.oneIn(3) ? [cas(random, name)] : [];
  return { words: ['md', name, ...(binary ? ['b'] : []), ...compare, ...flags] };
}

/** Without a new time: memcached loses it when the number grows (known-differences.ts). */
function metaArithmetic(random: Random): Draft {
  const name = key(random);
  const mode = random.oneIn(2) ? [`M${random.pick(['I', '+', 'D', '-'])}`] : [];
  const amounts = [`D${random.pick(DELTAS)}`, `J${random.pick(DELTAS)}`];
  const chosen = someFlags(random, ['v', 'c', 't', 'q', 'N0', ...amounts, opaque(random)]);
  const compare = random.oneIn(4) ? [cas(random, name)] : [];
  return { words: ['ma', name, 'k', ...mode, ...compare, ...chosen] };
}

function metaRare(random: Random): Draft {
  return { words: random.pick([['mn'], ['mn', 'x'], ['me', key(random)], ['me', 'none']]) };
}

type Mutation = (draft: Draft, random: Random) => string;

const withWord = (draft: Draft, at: number, word: string): Draft => ({
  ...draft,
  words: draft.words.with(at, word),
});

/** Some word behind the command, by index; the command itself when it is alone. */
const someWord = ({ words }: Draft, random: Random): number =>
  words.length === 1 ? 0 : random.int(1, words.length - 1);

/** Tokens that both servers refuse alike. */
const BAD_FLAGS = [
  ...['v', 'k', 'q', 'M', 'MX', 'MSS', 'T', 'Tabc', 'T1x', 'N', 'R', 'Rx', 'C', 'Cabc', 'C-1'],
  ...['D', 'Dabc', 'J', 'J-1', 'F', 'Fabc', 'F-1', '!', 'z', '9', '_', 'b'],
];

const META_MUTATIONS: readonly Mutation[] = [
  (draft, random) => write({ ...draft, words: [...draft.words, random.pick(BAD_FLAGS)] }),
  (draft, random) => write(withWord(draft, someWord(draft, random), random.pick(BAD_FLAGS))),
  (draft, random) => write({ ...draft, words: draft.words.toSpliced(someWord(draft, random), 1) }),
  (draft, random) => write(draft).replace(' ', ' '.repeat(random.int(2, 5))),
  (draft, random) => ' '.repeat(random.int(1, 3)) + write(draft),
  (draft) => write(draft).replace('\r\n', '  \r\n'),
  (draft) => write(draft).replace('\r\n', '\n'),
  (draft) => write(withWord(draft, 0, (draft.words[0] ?? '').toUpperCase())),
  (draft) => write(withWord(draft, 0, `${draft.words[0]}x`)),
  (draft, random) => write(draft).slice(0, -random.int(1, 4)),
  (draft, random) => write(draft) + write(request(random)),
  (draft) => write({ ...draft, ...(draft.data === undefined ? {} : { data: `${draft.data}x` }) }),
];

const MUTATIONS: readonly Mutation[] = [
  (draft, random) => write(withWord(draft, someWord(draft, random), random.pick(BAD_NUMBERS))),
  (draft, random) => write(withWord(draft, draft.words.length - 1, random.pick(BAD_NUMBERS))),
  (draft, random) => write({ ...draft, words: draft.words.toSpliced(someWord(draft, random), 1) }),
  (draft, random) => {
    const extra = random.pick([
      '0',
      'noreply',
      'x',
      '-1',
      'a b c',
      '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19',
    ]);
    return write({
      ...draft,
      words: draft.words.toSpliced(random.int(1, draft.words.length), 0, extra),
    });
  },
  (draft, random) => write(draft).replace(' ', ' '.repeat(random.int(2, 5))),
  (draft, random) => ' '.repeat(random.int(1, 3)) + write(draft),
  (draft) => write(draft).replace('\r\n', '  \r\n'),
  (draft) => write(draft).replace(' ', '\t'),
  (draft) => write(draft).replaceAll('\r\n', '\n'),
  (draft) => write(draft).replace('\r\n', '\n'),
  (draft) => write(draft).replace('\r\n', '\r\r\n'),
  (draft) => write(withWord(draft, 0, (draft.words[0] ?? '').toUpperCase())),
  (draft, random) =>
    write(withWord(draft, 0, (draft.words[0] ?? '') + random.pick(['x', 's', '\r', '0']))),
  (draft, random) => write(draft).slice(0, -random.int(1, 4)),
  (draft, random) => {
    const data =
      draft.data === undefined
        ? {}
        : { data: draft.data + random.pick(['x', '\r', '\n', 'xyz', '\r\n']) };
    return write({ ...draft, ...data });
  },
  (draft, random) => {
    const word = random.pick(['NOREPLY', 'noreplyx', 'noreply noreply', 'norepl']);
    return write({ ...draft, words: [...draft.words, word] });
  },
  (draft, random) =>
    write(withWord(draft, Math.min(1, draft.words.length - 1), 'k'.repeat(random.int(249, 252)))),
  (draft, random) => {
    // Not the first byte: 0x80 there begins the binary protocol.
    const at = random.int(1, write(draft).length);
    const strange = String.fromCharCode(random.pick([1, 8, 9, 11, 12, 13, 27, 127, 128, 195, 255]));
    return write(draft).slice(0, at) + strange + write(draft).slice(at);
  },
  (draft, random) => write(draft).slice(random.int(1, 3)),
  (draft) => `\r\n${write(draft)}`,
  (draft, random) => write(draft) + write(request(random)),
];
