import type { Random } from '../../support/random.ts';
import { DELTAS, type Draft, EXPTIMES, FLAGS, key, VALUES } from './draft.ts';

/** A valid classic command. */
export function classicRequest(random: Random): Draft {
  const kind = random.weighted([
    [6, retrieval],
    [7, storage],
    [2, compareAndSwap],
    [4, arithmetic],
    [2, removal],
    [1, rare],
  ]);
  const draft = kind(random);
  return takesNoreply(draft) && random.oneIn(6)
    ? { ...draft, words: [...draft.words, 'noreply'] }
    : draft;
}

const takesNoreply = ({ words }: Draft): boolean => !/^g/.test(words[0] ?? '');

export function retrieval(random: Random): Draft {
  const command = random.pick(['get', 'gets', 'gets', 'gat', 'gats']);
  const keys = Array.from({ length: random.int(1, 4) }, () => key(random));
  const exptime = command.startsWith('gat') ? [random.pick(EXPTIMES)] : [];
  return { words: [command, ...exptime, ...keys] };
}

export function storage(random: Random): Draft {
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

export function removal(random: Random): Draft {
  const zero = random.oneIn(4) ? ['0'] : [];
  return random.oneIn(2)
    ? { words: ['delete', key(random), ...zero] }
    : { words: ['touch', key(random), random.pick(EXPTIMES)] };
}

function rare(random: Random): Draft {
  const lines = ['flush_all', 'flush_all 0', 'flush_all -1', 'verbosity 0', 'verbosity 1'];
  return { words: random.pick(lines).split(' ') };
}
