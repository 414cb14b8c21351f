import { CodedError } from '../coded-error.ts';
import { type AnyFlag, envNames, type FlagTable, spellingOf, takesValue } from './flag.ts';
import type { ValuesOf } from './option.ts';

/** A constraint between several options: returns the error message, or `undefined`. */
export type Rule<Table extends FlagTable> = (values: ValuesOf<Table>) => string | undefined;

/** The sources of values. The command line wins over the environment, that over the default. */
export interface Sources {
  /** The values from the command line, by option name: one text for each occurrence. */
  readonly given?: Readonly<Record<string, readonly string[]>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The arguments of the command line that are not options. */
  readonly positionals?: readonly string[];
}

/**
 * Resolves the value of every option in the table.
 * @throws {CodedError} `ERR_USAGE`; the message names the option, the value and the range.
 */
export function resolveOptions<Table extends FlagTable>(
  table: Table,
  sources: Sources,
  rules: readonly Rule<Table>[] = [],
): ValuesOf<Table> {
  const all = { ...sources, given: withSuboptions(table, sources) };
  const pairs = Object.keys(table).map((name) => [name, resolveOne(table, name, all)]);
  const values = Object.fromEntries(pairs) as ValuesOf<Table>;
  for (const rule of rules) {
    const message = rule(values);
    if (message !== undefined) throw new CodedError('ERR_USAGE', message);
  }
  return values;
}

/**
 * The values of the command line, with those from `-o` before them: an explicit option wins over
 * a suboption.
 */
function withSuboptions(table: FlagTable, sources: Sources): NonNullable<Sources['given']> {
  const given: Record<string, readonly string[]> = { ...sources.given };
  const entry = Object.entries(table).find(([, flag]) => flag.kind === 'suboptions');
  if (entry === undefined) return given;
  const [name, flag] = entry;
  const assignments = resolveOne(table, name, sources) as readonly string[];
  for (const assignment of assignments) {
    const [suboption = '', assigned] = assignment.split(/=(.*)/s);
    const found = Object.entries(table).find(([, each]) => each.suboption === suboption);
    if (found === undefined) {
      if (isKnown(flag, suboption)) continue;
      throw suboptionError(name, flag, `has no suboption "${suboption}"`);
    }
    const [target, option] = found;
    const value = assigned ?? option.bareSuboption ?? (takesValue(option) ? undefined : 'on');
    if (value === undefined) throw suboptionError(name, flag, `${suboption} needs a value`);
    given[target] = [value, ...(given[target] ?? [])];
  }
  return given;
}

function isKnown({ fulfilled = {}, ineffective = {} }: AnyFlag, suboption: string): boolean {
  return Object.hasOwn(fulfilled, suboption) || Object.hasOwn(ineffective, suboption);
}

/** One sentence for each option and suboption that is set and has no effect. */
export function ineffectiveOptions<Table extends FlagTable>(
  table: Table,
  values: ValuesOf<Table>,
): string[] {
  return Object.entries(table).flatMap(([name, flag]) => {
    const spelling = spellingOf(name, flag);
    const { noEffect, ineffective } = flag;
    if (noEffect !== undefined && values[name] !== flag.default)
      return [`${spelling} has no effect: ${noEffect}.`];
    if (ineffective === undefined) return [];
    const names = (values[name] as readonly string[]).map((each) => each.replace(/=.*/s, ''));
    return [...new Set(names)]
      .filter((each) => Object.hasOwn(ineffective, each))
      .map((each) => `-${flag.short} ${each} has no effect: ${ineffective[each]}.`);
  });
}

function suboptionError(name: string, flag: AnyFlag, problem: string): CodedError {
  return new CodedError('ERR_USAGE', `${spellingOf(name, flag)} ${problem}.`);
}

function resolveOne(table: FlagTable, name: string, { given, env }: Sources): unknown {
  const flag = table[name]!;
  const typed = given?.[name];
  if (typed !== undefined && typed.length > 0) return read(flag, spellingOf(name, flag), typed);
  for (const source of envNames(name, flag)) {
    const set = env?.[source];
    if (set !== undefined && set !== '' && !isServiceLink(set)) return read(flag, source, [set]);
  }
  return flag.default;
}

function read(flag: FlagTable[string], source: string, texts: readonly string[]): unknown {
  const values = texts.map((text) => {
    // As memcached: blanks around a number or a word do not count.
    const value = flag.parse(flag.kind === 'text' ? text : text.trim());
    if (value === undefined)
      throw new CodedError('ERR_USAGE', `${source} is "${text}"; it must be ${flag.constraint}.`);
    return value;
  });
  return (flag.combine as (given: readonly unknown[]) => unknown)(values);
}

/**
 * Kubernetes sets `SLABRING_PORT=tcp://10.0.0.1:11211` in every pod beside a Service named
 * "slabring". The variable is not an option of ours: a node must start in spite of it.
 */
function isServiceLink(value: string): boolean {
  return /^(tcp|udp|sctp):\/\//.test(value);
}
