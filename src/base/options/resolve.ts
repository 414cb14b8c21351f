import { CodedError } from '../coded-error.ts';
import { envName, type FlagTable, longName, type ValuesOf } from './flag.ts';

/** A law that several options owe each other: the sentence of what is wrong, or `undefined`. */
export type Rule<Table extends FlagTable> = (values: ValuesOf<Table>) => string | undefined;

/** Where values may come from. The command line wins over the environment, and that over the default. */
export interface Sources {
  /** What the command line said, by option name: one text for each time it was given. */
  readonly given?: Readonly<Record<string, readonly string[]>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What the command line said that is no option. */
  readonly words?: readonly string[];
}

/**
 * The value of every option in the table.
 * @throws {CodedError} `ERR_USAGE`, with a sentence naming the option, the value and the range.
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
    const wrong = rule(values);
    if (wrong !== undefined) throw new CodedError('ERR_USAGE', wrong);
  }
  return values;
}

/** What was given, with what `-o` says of other options before it: an option of its own wins. */
function withSuboptions(table: FlagTable, sources: Sources): NonNullable<Sources['given']> {
  const given: Record<string, readonly string[]> = { ...sources.given };
  const entry = Object.entries(table).find(([, flag]) => flag.kind === 'suboptions');
  if (entry === undefined) return given;
  const [name, flag] = entry;
  const spoken = resolveOne(table, name, sources) as readonly string[];
  for (const one of spoken) {
    const [suboption = '', said] = one.split(/=(.*)/s);
    const found = Object.entries(table).find(([, each]) => each.suboption === suboption);
    const target = found?.[0];
    // A level that is only named is the first one: `slab_automove`.
    const value = said ?? (found?.[1].kind === 'integer' ? '1' : 'on');
    if (target !== undefined) given[target] = [value, ...(given[target] ?? [])];
    else if (flag.ignored?.[suboption] === undefined) throw noSuboption(name, flag, suboption);
  }
  return given;
}

function noSuboption(name: string, flag: FlagTable[string], suboption: string): CodedError {
  const source = spelling(name, flag);
  return new CodedError('ERR_USAGE', `${source} has no suboption "${suboption}".`);
}

function resolveOne(table: FlagTable, name: string, { given, env }: Sources): unknown {
  const flag = table[name]!;
  const typed = given?.[name];
  if (typed !== undefined && typed.length > 0) return read(flag, spelling(name, flag), typed);
  const variable = envName(name, flag);
  for (const source of [variable, flag.alsoEnv ?? variable]) {
    const set = env?.[source];
    if (set !== undefined && set !== '' && !isServiceLink(set)) return read(flag, source, [set]);
  }
  return flag.default;
}

function read(flag: FlagTable[string], source: string, texts: readonly string[]): unknown {
  const values = texts.map((text) => {
    const value = flag.parse(text);
    if (value === undefined)
      throw new CodedError('ERR_USAGE', `${source} is "${text}"; it must be ${flag.must}.`);
    return value;
  });
  return (flag.combine as (given: readonly unknown[]) => unknown)(values);
}

function spelling(name: string, flag: FlagTable[string]): string {
  const long = `--${longName(name, flag)}`;
  return flag.short === undefined ? long : `-${flag.short} (${long})`;
}

/**
 * Kubernetes sets `SLABRING_PORT=tcp://10.0.0.1:11211` in every pod beside a Service named "slabring". It is not
 * meant for us, and a node must not refuse to start because of it.
 */
function isServiceLink(value: string): boolean {
  return /^(tcp|udp|sctp):\/\//.test(value);
}
