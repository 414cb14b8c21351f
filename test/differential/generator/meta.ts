import type { Random } from '../../support/random.ts';
import { DELTAS, type Draft, EXPTIMES, FLAGS, key, VALUES } from './draft.ts';

/** `a`, and keys that no line of text could name, in base64. */
const BINARY_KEYS = ['YQ==', 'AAFi', '/+8=', 'YQBiYw=='] as const;
const TIMES = [
  ...['0', '0', '30', '30', '100', '100', '2592000', '2000000000'],
  ...['-1', '2592001'],
] as const;
/** Known to every command, and without meaning to most. */
const IDLE_FLAGS = ['Pp', 'L', 'Llll', 'I', 'u', 'h', 'f', 'l', 'D1', 'J7', 'F9', 'R30'];
/** Flags that give an item a time which is over at once: its `t` is memcached's own affair. */
const OVER_AT_ONCE = /^[TN](-1|2592001)$/;

/** Some meta command, as it should be. */
export function metaRequest(random: Random): Draft {
  const command = random.weighted([
    [6, metaGet],
    [5, metaSet],
    [2, metaDelete],
    [4, metaArithmetic],
    [1, metaRare],
  ]);
  return command(random);
}

export function metaGet(random: Random): Draft {
  const time = () => random.pick(TIMES);
  const flags = ['k', 'v', 'c', 'f', 's', 'h', 'l', 't', 'q', 'u', 'I', opaque(random)];
  const times = [`N${time()}`, `T${time()}`, `R${time()}`].filter(() => random.oneIn(2));
  const chosen = someFlags(random, [...flags, ...times]);
  const shown = chosen.some((flag) => OVER_AT_ONCE.test(flag))
    ? chosen.filter((flag) => flag !== 't')
    : chosen;
  return { words: ['mg', ...keyAndFlags(random, shown)] };
}

export function metaSet(random: Random): Draft {
  const data = random.pick(VALUES);
  const flags = ['k', 'c', 'q', 'I', `T${random.pick(TIMES)}`, `F${random.pick(FLAGS)}`];
  const mode = random.oneIn(2) ? [`M${random.pick(['S', 'E', 'A', 'P', 'R'])}`] : [];
  const chosen = someFlags(random, [...flags, opaque(random)]);
  const [name = '', ...more] = keyAndFlags(random, [...mode, ...compare(random, 3), ...chosen]);
  return { words: ['ms', name, String(data.length), ...more], data };
}

export function metaDelete(random: Random): Draft {
  const flags = ['k', 'q', `T${random.pick(EXPTIMES)}`, opaque(random)];
  const stale = random.oneIn(4) ? [] : ['I'];
  const chosen = [...stale, ...compare(random, 4), ...someFlags(random, flags)];
  return { words: ['md', ...keyAndFlags(random, chosen)] };
}

/** A time is set on numbers that do not grow: memcached loses it when they do (known-differences.ts). */
function metaArithmetic(random: Random): Draft {
  const down = random.pick(['MD', 'M-']);
  const withTime = random.oneIn(4);
  const mode = withTime ? [down] : random.oneIn(2) ? [random.pick(['MI', 'M+', down])] : [];
  const time = withTime ? [`T${random.pick(['0', '30', '100', '2592000'])}`] : [];
  const amounts = [`D${random.pick(DELTAS)}`, `J${random.pick(DELTAS)}`];
  const times = ['N0', `N${random.pick(['30', '100'])}`].filter(() => random.oneIn(2)).slice(0, 1);
  const chosen = someFlags(random, ['k', 'v', 'c', 't', 'q', ...times, ...amounts, opaque(random)]);
  const flags = [...mode, ...time, ...compare(random, 4), ...chosen];
  return { words: ['ma', ...keyAndFlags(random, flags)], fragile: withTime };
}

function metaRare(random: Random): Draft {
  return { words: random.pick([['mn'], ['mn', 'x'], ['me', key(random)], ['me', 'none']]) };
}

/** A key, in base64 once in a while, and the flags with some idle ones among them. */
function keyAndFlags(random: Random, flags: readonly string[]): readonly string[] {
  const name = key(random);
  const asked = flags.map((flag) => flag.replace('{cas}', `{cas ${name}}`));
  const letters = new Set(asked.map((flag) => flag[0]));
  const idle = IDLE_FLAGS.filter((flag) => !letters.has(flag[0]) && random.oneIn(12));
  const all = shuffled(random, [...asked, ...idle].filter(isFirstOfItsLetter));
  return random.oneIn(6) ? [random.pick(BINARY_KEYS), 'b', ...all] : [name, ...all];
}

const isFirstOfItsLetter = (flag: string, at: number, all: readonly string[]): boolean =>
  all.findIndex((other) => other[0] === flag[0]) === at;

/** A comparison, once in `times`; `{cas}` is filled in with the key's. */
function compare(random: Random, times: number): readonly string[] {
  return random.oneIn(times)
    ? [random.pick(['C{cas}', 'C{cas}', 'C0', 'C1', 'C18446744073709551615'])]
    : [];
}

/** Some of these flags, in any order. */
function someFlags(random: Random, flags: readonly string[]): readonly string[] {
  return shuffled(
    random,
    flags.filter(() => random.oneIn(3)),
  );
}

function shuffled(random: Random, flags: readonly string[]): readonly string[] {
  const keyed = flags.map((flag) => ({ flag, order: random.fraction() }));
  return keyed.toSorted((a, b) => a.order - b.order).map(({ flag }) => flag);
}

const opaque = (random: Random): string => `O${'o'.repeat(random.pick([0, 1, 8, 31]))}`;
