/** A setting that a program passes by name: as a property of an object, or as a flag. */
export interface Option<T> {
  readonly kind: OptionKind;
  /** The value while the option is not set; undefined for an option without a default. */
  readonly default: T;
  /** What the option does; `doc`, `unit` or `constraint` names the unit. */
  readonly doc: string;
  /** What a value must be, to follow "it must be": `a whole number from 0 to 65535`. */
  readonly constraint: string;
  /** The unit of a number: `seconds`. */
  readonly unit?: string;
  /** The bounds of a value within its type, for tables: `1 … 64`. */
  readonly bounds?: string;
  /** The TypeScript type of a value. */
  readonly type: string;
  /** Whether a value that a program passes has the type, and is within the bounds. */
  readonly accepts: (value: unknown) => boolean;
}

/** `flag` and `count` take no value on the command line: `-F`, `-vv`. `value` has no text form. */
type OptionKind =
  | 'integer'
  | 'number'
  | 'bytes'
  | 'octal'
  | 'flag'
  | 'count'
  | 'text'
  | 'suboptions'
  | 'list'
  | 'value';

/** Options, each under its name. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The resolved values of a table's options: no field is optional. */
export type ValuesOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name]['default'];
};
