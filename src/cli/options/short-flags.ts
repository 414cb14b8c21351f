import { type FlagTable, longName, takesValue } from '../../base/index.ts';

/**
 * Rewrites short options to long ones by the rules of getopt, which memcached uses: `-vv`,
 * `-p11212`, `-Fm 64`, `-I 1m`, `-U -1`. It leaves letters that the table does not have.
 */
export function expandShortFlags(args: readonly string[], table: FlagTable): string[] {
  const byLetter = new Map<string, ShortFlag>();
  for (const [name, flag] of Object.entries(table))
    if (flag.short !== undefined)
      byLetter.set(flag.short, { long: `--${longName(name, flag)}`, takesValue: takesValue(flag) });

  const expanded: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--') return [...expanded, ...args.slice(at)];
    if (!/^-[A-Za-z]/.test(arg)) {
      expanded.push(arg);
      continue;
    }
    const letters = expandLetters(arg, args[at + 1], byLetter);
    expanded.push(...letters.expanded);
    if (letters.consumedNext) at++;
  }
  return expanded;
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
      const consumedNext = at + 1 === arg.length && next !== undefined;
      const value = consumedNext ? next : arg.slice(at + 1).replace(/^=/, '');
      return {
        expanded: [
          ...expanded,
          ...(value === '' && !consumedNext ? [letter.long] : [`${letter.long}=${value}`]),
        ],
        consumedNext,
      };
    }
    expanded.push(letter?.long ?? `-${arg[at]}`);
  }
  return { expanded, consumedNext: false };
}
