import { type FlagTable, longName, takesValue } from '../base/index.ts';

/**
 * Rewrites short options to long ones by getopt's rules, which memcached's users know by heart: `-vv`, `-p11212`,
 * `-Fm 64`, `-I 1m`, `-U -1`. Letters that the table does not have stay as they are.
 */
export function expandShortFlags(args: readonly string[], table: FlagTable): string[] {
  const byLetter = new Map<string, Letter>();
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
    const cluster = expandCluster(arg, args[at + 1], byLetter);
    expanded.push(...cluster.expanded);
    if (cluster.tookNext) at++;
  }
  return expanded;
}

interface Letter {
  readonly long: string;
  readonly takesValue: boolean;
}

function expandCluster(
  arg: string,
  next: string | undefined,
  byLetter: ReadonlyMap<string, Letter>,
): { expanded: string[]; tookNext: boolean } {
  const expanded: string[] = [];
  for (let at = 1; at < arg.length; at++) {
    const letter = byLetter.get(arg[at]!);
    if (letter?.takesValue === true) {
      const tookNext = at + 1 === arg.length && next !== undefined;
      const value = tookNext ? next : arg.slice(at + 1).replace(/^=/, '');
      return {
        expanded: [
          ...expanded,
          ...(value === '' && !tookNext ? [letter.long] : [`${letter.long}=${value}`]),
        ],
        tookNext,
      };
    }
    expanded.push(letter?.long ?? `-${arg[at]}`);
  }
  return { expanded, tookNext: false };
}
