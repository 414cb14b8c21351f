import { lines, type Script, script } from '../script.ts';

/** Every flag, in valid and invalid forms; the empty string is no flag. */
const FLAGS = [
  ...['', 'b', 'c', 'C0', 'C1', 'D5', 'D0', 'F7', 'f', 'h', 'I', 'J3', 'k', 'l', 's', 't', 'u'],
  ...['v', 'q', 'N0', 'N30', 'N-1', 'R60', 'R-1', 'T0', 'T50', 'T-1', 'Oo', 'O', 'Pp', 'Ll'],
  ...['MS', 'ME', 'MA', 'M+', 'MD', 'M', 'Mx', 'MSS', 'Tx', 'C', 'Cx', 'D-1', 'Dx', 'F', 'Fx'],
  ...['F-1', 'J', 'Jx', 'Rx', 'k2', 'vv', 'q1', 'z', '!', '9', '@', '~', '\x7f', '\xc3'],
];

/** Stores two items, and deletes a third key. */
const SETUP = lines('set a 5 100 2', 'hi', 'set n 0 100 2', '10', 'delete none');
const PROBES = lines('mn', 'mg a v f c k h u', 'mg n v f k h u', 'mg none v f c k h u');

const COMMANDS: Readonly<Record<string, (flags: string) => string>> = {
  mg: (flags) => lines(`mg a ${flags}`, `mg none ${flags}`),
  md: (flags) => lines(`md a ${flags}`, `md none ${flags}`),
  ma: (flags) => lines(`ma n ${flags}`, `ma none ${flags}`, `ma a ${flags}`),
  ms: (flags) => lines(`ms a 2 ${flags}`, 'yo', `ms none 2 ${flags}`, 'zz'),
  me: (flags) => lines(`me a ${flags}`, `me none ${flags}`),
};

/**
 * Whether known-differences.ts lists the flags: an expired time that `t` shows, the size that `ms`
 * shows, an append that creates, a quiet `ma` that creates.
 */
function isKnownDifference(command: string, ...flags: readonly string[]): boolean {
  if (command === 'ms') {
    return flags.includes('s') || (flags.includes('MA') && flags.some((flag) => /^N/.test(flag)));
  }
  const creates = flags.some((flag) => /^N/.test(flag));
  if (command === 'ma' && creates && flags.some((flag) => /^q/.test(flag))) return true;
  return flags.includes('t') && flags.some((flag) => /^[TN]-1$/.test(flag));
}

/** Every ordered pair of flags for each command, one script for each first flag. */
export const META_PAIRS: readonly Script[] = Object.entries(COMMANDS).flatMap(
  ([name, requestsWith]) =>
    FLAGS.filter((first) => !isKnownDifference(name, first)).map((first) => {
      const seconds = FLAGS.filter((second) => !isKnownDifference(name, first, second));
      const steps = seconds.map((second) => SETUP + requestsWith(`${first} ${second}`) + PROBES);
      return script(`${name} with ${JSON.stringify(first)} and each other flag`, steps.join(''));
    }),
);
