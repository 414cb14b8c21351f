/**
 * An option is declared once, as an entry of a table; everything else is derived from that entry: the TypeScript
 * type of its value, the command line's flag, the environment variable, the check with its sentence, `--help`
 * and `docs/options.md`.
 */
export interface Flag<T> {
  readonly kind: FlagKind;
  readonly default: T;
  /** What it does, in one sentence; its unit is named there or in `must`. */
  readonly doc: string;
  /** What a value has to be, to follow "it must be": `a whole number from 0 to 65535`. */
  readonly must: string;
  /** What stands for the value in help: `<num>`; empty for kinds that take none. */
  readonly placeholder: string;
  /** One letter, without its dash. */
  readonly short?: string;
  /** How it is spelled as a suboption of the table's `suboptions` entry: `-o ssl_key=<file>`. */
  readonly suboption?: string;
  /** Of a `suboptions` entry: names that are taken and change nothing, each with the reason. */
  readonly ignored?: Readonly<Record<string, string>>;
  /** Another program's environment variable that also sets it; ours wins. */
  readonly alsoEnv?: string;
  /** Without its dashes; by default the name in the table, in kebab case. */
  readonly long?: string;
  /** Its environment variable; by default after the long name. */
  readonly env?: string;
  /** A value as a person types it; the empty text stands for none. */
  readonly show: (value: T) => string;
  /** Gives back `undefined` for a text that is no such value. Texts of a list come one at a time. */
  readonly parse: (text: string) => T | undefined;
  /** The value of an option that was given several times, by what each occurrence said, in order. */
  readonly combine: (given: readonly T[]) => T;
}

/** `flag` and `count` take no value on the command line: `-F`, `-vv`. */
export type FlagKind =
  | 'integer'
  | 'number'
  | 'bytes'
  | 'octal'
  | 'flag'
  | 'count'
  | 'text'
  | 'suboptions'
  | 'list';

/** Options by the name that the program gives their value. */
export type FlagTable = Readonly<Record<string, AnyFlag>>;
/** `never` in the place of a parameter makes every `Flag<T>` assignable. */
export type AnyFlag = Omit<Flag<unknown>, 'combine' | 'show'> & {
  readonly combine: (given: readonly never[]) => unknown;
  readonly show: (value: never) => string;
};

/** What a table's options resolve to: no field is optional. */
export type ValuesOf<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name]['default'];
};

export function takesValue(flag: Pick<Flag<unknown>, 'kind'>): boolean {
  return flag.kind !== 'flag' && flag.kind !== 'count';
}

/** `port` stays `port`; `listenBacklog` becomes `listen-backlog`. */
export function longName(name: string, flag: Pick<Flag<unknown>, 'long'>): string {
  return flag.long ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `SLABRING_LISTEN_BACKLOG`. */
export function envName(name: string, flag: Pick<Flag<unknown>, 'long' | 'env'>): string {
  return flag.env ?? `SLABRING_${longName(name, flag).replaceAll('-', '_').toUpperCase()}`;
}

/** The default of every option. */
export function defaultsOf<Table extends FlagTable>(table: Table): ValuesOf<Table> {
  const pairs = Object.entries(table).map(([name, flag]) => [name, flag.default]);
  return Object.fromEntries(pairs) as ValuesOf<Table>;
}

/** The default as a person would type it; empty when there is none. */
export function defaultText(flag: AnyFlag): string {
  return (flag.show as (value: unknown) => string)(flag.default);
}

/** The command line that gives `values` to another process: `--port=11212`; defaults are left out. */
export function toArguments<Table extends FlagTable>(
  table: Table,
  values: ValuesOf<Table>,
): string[] {
  return Object.entries(table).flatMap(([name, flag]) => {
    const shown = (flag.show as (value: unknown) => string)(values[name]);
    if (shown === defaultText(flag)) return [];
    const long = `--${longName(name, flag)}`;
    if (flag.kind === 'flag') return [long];
    return flag.kind === 'count' ? Array(Number(shown)).fill(long) : [`${long}=${shown}`];
  });
}
