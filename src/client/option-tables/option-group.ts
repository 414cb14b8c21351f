import type { OptionTable } from '../../base/index.ts';

/**
 * The options of one call, class or function of the client. Their types (`option-types`), checks
 * and tables in the pages of `docs` follow from the group.
 */
export interface OptionGroup<Table extends OptionTable = OptionTable> {
  /** The name of its TypeScript interface, with its type parameters: `WriteBehindOptions<T>`. */
  readonly typeName: string;
  readonly doc: string;
  /** The group whose options this group also has; its interface extends the other one. */
  readonly parent: OptionGroup | undefined;
  /** All options, those of `parent` included. */
  readonly table: Table;
  /** The default of each option, which is undefined for those without one. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly byName: ReadonlyMap<string, ClientOption>;
  readonly required: readonly (readonly [name: string, option: ClientOption])[];
}

/** An option as the client knows it. */
export type ClientOption = OptionTable[string] & OptionExtras;

/** What an option of the client may have beyond a flag of the command line. */
export interface OptionExtras {
  readonly isRequired?: true;
  /** The default as the pages show it, where it is no literal: `the value of deadlineMs`. */
  readonly defaultNote?: string;
  /** The name of the type of the values, `KeyMode`; with `doc`, `option-types` declares it. */
  readonly alias?: { readonly name: string; readonly doc?: string };
  /** The place in the pages that explains the option: `routing.md#failover`. */
  readonly details?: string;
  /** What the error says about a value that is a known mistake, after "ttl is 1796000000, ". */
  readonly hint?: (given: unknown) => string | undefined;
  /** An error must not show the value. */
  readonly isSecret?: true;
  /** The options of the object that the option takes as its value. */
  readonly group?: OptionGroup;
  /** Returns the value in force for a value that `accepts` has accepted. */
  readonly resolve?: (value: unknown, path: string) => unknown;
}

interface GroupEntry<Own, Parent> {
  readonly typeName: string;
  readonly doc: string;
  readonly parent?: Parent;
  readonly options: Own;
}

export function optionGroup<Own extends Readonly<Record<string, ClientOption>>>(
  entry: GroupEntry<Own, undefined>,
): OptionGroup<Own>;
export function optionGroup<
  Own extends Readonly<Record<string, ClientOption>>,
  Inherited extends OptionTable,
>(entry: GroupEntry<Own, OptionGroup<Inherited>>): OptionGroup<Omit<Inherited, keyof Own> & Own>;
export function optionGroup({
  options,
  parent,
  ...rest
}: GroupEntry<Readonly<Record<string, ClientOption>>, OptionGroup | undefined>): OptionGroup {
  const table: Readonly<Record<string, ClientOption>> = { ...parent?.table, ...options };
  const entries = Object.entries(table);
  return {
    ...rest,
    parent,
    table,
    defaults: Object.fromEntries(entries.map(([name, option]) => [name, option.default])),
    byName: new Map(entries),
    required: entries.filter(([, option]) => option.isRequired === true),
  };
}
