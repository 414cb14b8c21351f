import type { Option, ValuesOf } from './option.ts';

/**
 * An option that a person types. It is declared once, as an entry of a table. Everything else
 * follows from that entry: the TypeScript type of its value, the flag of the command line, the
 * environment variable, the check and its error message, `--help` and `docs/options.md`.
 */
export interface Flag<T> extends Option<T> {
  /** The placeholder of the value in the help text: `<num>`; empty for kinds without a value. */
  readonly placeholder: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** Its name as a suboption of the table's `suboptions` entry: `-o ssl_key=<file>`. */
  readonly suboption?: string;
  /** The value of the suboption without a value: `-o slab_automove`. Unset: it needs a value. */
  readonly bareSuboption?: string;
  /** For a `suboptions` entry: names that ask for what always holds, each with the reason. */
  readonly fulfilled?: Readonly<Record<string, string>>;
  /** For a `suboptions` entry: names without effect, each with the reason. */
  readonly ineffective?: Readonly<Record<string, string>>;
  /** The reason why the option has no effect; unset if it has one. */
  readonly noEffect?: string;
  /** Environment variables that also set the option: old names, other programs'. `env` wins. */
  readonly alsoEnv?: readonly string[];
  /** No environment variable sets the option: it confirms what one command is about to do. */
  readonly isCommandLineOnly?: true;
  /** The long name, without dashes; by default the name in the table, in kebab case. */
  readonly long?: string;
  /** Its environment variable; by default derived from the long name. */
  readonly env?: string;
  /** Returns a value as a person types it; empty text means "no value". */
  readonly format: (value: T) => string;
  /** Returns `undefined` for an invalid text. A list parses each occurrence on its own. */
  readonly parse: (text: string) => T | undefined;
  /** Combines the values of all occurrences of the option, in their order. */
  readonly combine: (given: readonly T[]) => T;
}

/** Options, each under the name that its value has in the program. */
export type FlagTable = Readonly<Record<string, AnyFlag>>;
/** A parameter of type `never` makes every `Flag<T>` assignable. */
export type AnyFlag = Omit<Flag<unknown>, 'combine' | 'format'> & {
  readonly combine: (given: readonly never[]) => unknown;
  readonly format: (value: never) => string;
};

export function takesValue(flag: Pick<Flag<unknown>, 'kind'>): boolean {
  return flag.kind !== 'flag' && flag.kind !== 'count';
}

/** The long name of an option: `port` stays `port`, `listenBacklog` becomes `listen-backlog`. */
export function longName(name: string, flag: Pick<Flag<unknown>, 'long'>): string {
  return flag.long ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * The environment variables of an option, the strongest first: `SLABRING_LISTEN_BACKLOG`; none for
 * one that only the command line sets.
 */
export function envNames(name: string, flag: AnyFlag): readonly string[] {
  if (flag.isCommandLineOnly === true) return [];
  const own = flag.env ?? `SLABRING_${longName(name, flag).replaceAll('-', '_').toUpperCase()}`;
  return [own, ...(flag.alsoEnv ?? [])];
}

/** The option as a message names it: `-p (--port)`. */
export function spellingOf(name: string, flag: Pick<Flag<unknown>, 'long' | 'short'>): string {
  const long = `--${longName(name, flag)}`;
  return flag.short === undefined ? long : `-${flag.short} (${long})`;
}

/** The default of every option. */
export function defaultsOf<Table extends FlagTable>(table: Table): ValuesOf<Table> {
  const pairs = Object.entries(table).map(([name, flag]) => [name, flag.default]);
  return Object.fromEntries(pairs) as ValuesOf<Table>;
}

/** The default as a person would type it; empty without a default. */
export function defaultText(flag: AnyFlag): string {
  return (flag.format as (value: unknown) => string)(flag.default);
}

/**
 * The command line that passes `values` to another process, `--port=11212`. It omits defaults, and
 * suboptions, because the options that they set are in `values`.
 */
export function toArguments<Table extends FlagTable>(
  table: Table,
  values: ValuesOf<Table>,
): string[] {
  return Object.entries(table).flatMap(([name, flag]) => {
    const formatted = (flag.format as (value: unknown) => string)(values[name]);
    const isNeedless = formatted === defaultText(flag) || flag.noEffect !== undefined;
    if (isNeedless || flag.kind === 'suboptions') return [];
    const long = `--${longName(name, flag)}`;
    if (flag.kind === 'flag') return [long];
    return flag.kind === 'count' ? Array(Number(formatted)).fill(long) : [`${long}=${formatted}`];
  });
}
