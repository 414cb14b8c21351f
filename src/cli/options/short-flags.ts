import { type FlagTable, longName, takesValue } from '../../base/index.ts';

/**
 * Rewrites short options to long ones by the rules of getopt, which memcached uses: `-vv`,
 * `-p11212`, `-Fm 64`, `-I 1m`, `-U -1`. It leaves letters that the table does not have. Charts and
 * unit files write an option and its value as one argument with a blank, `"-m 256"` and
 * `"--port 1"`: the value begins after the blank.
 */
export function expandShortFlags(args: readonly string[], table: FlagTable): string[] {
  const byLetter = lettersOf(table);
  const expanded: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--') return [...expanded, ...args.slice(at)];
    if (!/^-[A-Za-z]/.test(arg)) {
      expanded.push(arg.replace(/^(--[a-z-]+)\s+(?=\S)/, '$1='));
      continue;
    }
    const letters = expandLetters(arg, args[at + 1], byLetter);
    expanded.push(...letters.expanded);
    if (letters.consumedNext) at++;
  }
  return expanded;
}

function lettersOf(table: FlagTable): ReadonlyMap<string, ShortFlag> {
  const byLetter = new Map<string, ShortFlag>();
  for (const [name, flag] of Object.entries(table))
    if (flag.short !== undefined)
      byLetter.set(flag.short, { long: `--${longName(name, flag)}`, takesValue: takesValue(flag) });
  return byLetter;
}

interface ShortFlag {
  readonly long: string;
  readonly takesValue: boolean;
}

function expandLetters(
  arg: string,
  next: string | undefined,
  byLetter: ReadonlyMap<string, ShortFlag>,
): { expanded: string[]; consumedNext: boolean } {
  const expanded: string[] = [];
  for (let at = 1; at < arg.length; at++) {
    const letter = byLetter.get(arg[at]!);
    if (letter?.takesValue === true) {
      const { value, consumedNext } = valueAfter(arg.slice(at + 1), next);
      const option = value === undefined ? letter.long : `${letter.long}=${value}`;
      return { expanded: [...expanded, option], consumedNext };
    }
    if (/\s/.test(arg[at]!)) {
      const rest = arg.slice(at).trim();
      return { expanded: rest === '' ? expanded : [...expanded, rest], consumedNext: false };
    }
    expanded.push(letter?.long ?? `-${arg[at]}`);
  }
  return { expanded, consumedNext: false };
}

/** The value of a letter: the rest of its argument, without leading blanks, or the next one. */
function valueAfter(rest: string, next: string | undefined) {
  if (rest === '' && next !== undefined) return { value: next.trimStart(), consumedNext: true };
  const value = rest === '' ? undefined : rest.replace(/^=/, '').trimStart();
  return { value, consumedNext: false };
}
