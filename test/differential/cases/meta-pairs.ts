import { lines, type Script, script } from '../script.ts';

/** Every flag, as it should be and as it should not; an empty one is none. */
const FLAGS = [
  ...['', 'b', 'c', 'C0', 'C1', 'D5', 'D0', 'F7', 'f', 'h', 'I', 'J3', 'k', 'l', 's', 't', 'u'],
  ...['v', 'q', 'N0', 'N30', 'N-1', 'R60', 'R-1', 'T0', 'T50', 'T-1', 'Oo', 'O', 'Pp', 'Ll'],
  ...['MS', 'ME', 'MA', 'M+', 'MD', 'M', 'Mx', 'MSS', 'Tx', 'C', 'Cx', 'D-1', 'Dx', 'F', 'Fx'],
  ...['F-1', 'J', 'Jx', 'Rx', 'k2', 'vv', 'q1', 'z', '!', '9', '@', '~', '\x7f', '\xc3'],
];

/** Two items as they were, and one that is not there. */
const BEFORE = lines('set a 5 100 2', 'hi', 'set n 0 100 2', '10', 'delete none');
const AFTER = lines('mn', 'mg a v f c k h u', 'mg n v f k h u', 'mg none v f c k h u');

const COMMANDS: Readonly<Record<string, (flags: string) => string>> = {
  mg: (flags) => lines(`mg a ${flags}`, `mg none ${flags}`),
  md: (flags) => lines(`md a ${flags}`, `md none ${flags}`),
  ma: (flags) => lines(`ma n ${flags}`, `ma none ${flags}`, `ma a ${flags}`),
  ms: (flags) => lines(`ms a 2 ${flags}`, 'yo', `ms none 2 ${flags}`, 'zz'),
  me: (flags) => lines(`me a ${flags}`, `me none ${flags}`),
};

/** What is in known-differences.ts: a time that has run out, the size that an `ms` shows, an append that creates. */
function differs(command: string, ...flags: readonly string[]): boolean {
  if (command === 'ms') {
    return flags.includes('s') || (flags.includes('MA') && flags.some((flag) => /^N/.test(flag)));
  }
  return flags.includes('t') && flags.some((flag) => /^[TN]-1$/.test(flag));
}

/** Every two flags together, in each order, for each command: those with the same first flag in one packet. */
export const META_PAIRS: readonly Script[] = Object.entries(COMMANDS).flatMap(([name, told]) =>
  FLAGS.filter((first) => !differs(name, first)).map((first) => {
    const seconds = FLAGS.filter((second) => !differs(name, first, second));
    const each = seconds.map((second) => BEFORE + told(`${first} ${second}`) + AFTER);
    return script(`${name} with ${JSON.stringify(first)} and each other flag`, each.join(''));
  }),
);
