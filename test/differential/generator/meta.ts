import type { Random } from '../../support/random.ts';
import { DELTAS, type Draft, EXPTIMES, FLAGS, key, VALUES } from './draft.ts';

/** `a` in base64, and keys that need base64 because text lines cannot hold them. */
const BINARY_KEYS = ['YQ==', 'AAFi', '/+8=', 'YQBiYw=='] as const;
const TIMES = [
  ...['0', '0', '30', '30', '100', '100', '2592000', '2000000000'],
  ...['-1', '2592001'],
] as const;
/** Flags that every command accepts and most commands ignore. */
const IDLE_FLAGS = ['Pp', 'L', 'Llll', 'I', 'u', 'h', 'f', 'l', 'D1', 'J7', 'F9', 'R30'];
/** Flags by which an item expires at once: memcached then shows a meaningless `t`. */
const EXPIRES_AT_ONCE = /^[TN](-1|2592001)$/;

/** A valid meta command. */
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
  const chosen = randomSubset(random, [...flags, ...times]);
  const shown = chosen.some((flag) => EXPIRES_AT_ONCE.test(flag))
    ? chosen.filter((flag) => flag !== 't')
    : chosen;
  return { words: ['mg', ...keyAndFlags(random, shown)] };
}

export function metaSet(random: Random): Draft {
  const data = random.pick(VALUES);
  const flags = ['k', 'c', 'q', 'I', `T${random.pick(TIMES)}`, `F${random.pick(FLAGS)}`];
  const mode = random.oneIn(2) ? [`M${random.pick(['S', 'E', 'A', 'P', 'R'])}`] : [];
  const chosen = randomSubset(random, [...flags, opaque(random)]);
  const [name = '', ...more] = keyAndFlags(random, [
    ...mode,
    ...maybeCompare(random, 3),
    ...chosen,
  ]);
  return { words: ['ms', name, String(data.length), ...more], data };
}

export function metaDelete(random: Random): Draft {
  const flags = ['k', 'q', `T${random.pick(EXPTIMES)}`, opaque(random)];
  const stale = random.oneIn(4) ? [] : ['I'];
  const chosen = [...stale, ...maybeCompare(random, 4), ...randomSubset(random, flags)];
  return { words: ['md', ...keyAndFlags(random, chosen)] };
}

/**
 * Sets a time only with a decrement, because memcached loses the time when the number grows
 * (known-differences.ts).
 */
function metaArithmetic(random: Random): Draft {
  const down = random.pick(['MD', 'M-']);
  const withTime = random.oneIn(4);
  const mode = withTime ? [down] : random.oneIn(2) ? [random.pick(['MI', 'M+', down])] : [];
  const time = withTime ? [`T${random.pick(['0', '30', '100', '2592000'])}`] : [];
  const amounts = [`D${random.pick(DELTAS)}`, `J${random.pick(DELTAS)}`];
  const times = ['N0', `N${random.pick(['30', '100'])}`].filter(() => random.oneIn(2)).slice(0, 1);
  const chosen = randomSubset(random, [
    'k',
    'v',
    'c',
    't',
    // memcached 1.6.18 ignores `q` when it creates (known-differences.ts).
    ...(times.length === 0 ? ['q'] : times),
    ...amounts,
    opaque(random),
  ]);
  const flags = [...mode, ...time, ...maybeCompare(random, 4), ...chosen];
  return { words: ['ma', ...keyAndFlags(random, flags)], unmodifiable: withTime };
}

function metaRare(random: Random): Draft {
  return { words: random.pick([['mn'], ['mn', 'x'], ['me', key(random)], ['me', 'none']]) };
}

/** A key, sometimes in base64, and the flags together with some ignored flags. */
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

/** A CAS comparison in one of `times` cases; `{cas}` stands for the CAS id of the key. */
function maybeCompare(random: Random, times: number): readonly string[] {
  return random.oneIn(times)
    ? [random.pick(['C{cas}', 'C{cas}', 'C0', 'C1', 'C18446744073709551615'])]
    : [];
}

/** A random subset of the flags, in random order. */
function randomSubset(random: Random, flags: readonly string[]): readonly string[] {
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
