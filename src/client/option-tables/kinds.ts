/** The kinds of options that no command line has: their values have no text form. */
import type { Option, OptionTable, ValuesOf } from '../../base/index.ts';
import type { OptionExtras, OptionGroup } from './option-group.ts';
import { isObject, valuesOf } from './resolve.ts';

interface ValueEntry extends OptionExtras {
  readonly doc: string;
  /** The TypeScript type of a value. */
  readonly type: string;
  readonly constraint: string;
  readonly bounds?: string;
  readonly accepts: (value: unknown) => boolean;
}

/** A value of any type. */
export function value<T>(entry: ValueEntry): Option<T | undefined> & OptionExtras {
  return { ...entry, kind: 'value', default: undefined };
}

/** A function that the client calls. */
export function callback<T>(
  entry: Omit<ValueEntry, 'accepts' | 'constraint'>,
): Option<T | undefined> & OptionExtras {
  const accepts = (given: unknown): boolean => typeof given === 'function';
  return value({ ...entry, constraint: 'a function', accepts });
}

/** An option that every call must set: the check fails before anything reads its default. */
export function required<T>(
  option: Option<T | undefined> & OptionExtras,
): Option<T> & OptionExtras {
  return { ...(option as Option<T>), isRequired: true };
}

interface ObjectEntry<Table extends OptionTable> extends OptionExtras {
  readonly doc: string;
  readonly group: OptionGroup<Table>;
}

/** An object with options of its own. */
export function object<Table extends OptionTable>(
  entry: ObjectEntry<Table>,
): Option<ValuesOf<Table> | undefined> & OptionExtras {
  const { group } = entry;
  return value({
    ...entry,
    type: group.typeName,
    constraint: objectText(group),
    accepts: isObject,
    resolve: (given, path) => valuesOf(group, given as object, `${path}.`),
  });
}

/** `true` for an object without options, `false` for none. */
export function switchable<Table extends OptionTable>(
  entry: ObjectEntry<Table>,
): Option<ValuesOf<Table> | undefined> & OptionExtras {
  const { resolve, ...option } = object(entry);
  return {
    ...option,
    defaultNote: '`false`',
    type: `boolean | ${option.type}`,
    constraint: `true, false or ${option.constraint}`,
    accepts: (given) => typeof given === 'boolean' || option.accepts(given),
    resolve: (given, path) =>
      given === false ? undefined : resolve?.(given === true ? {} : given, path),
  };
}

/** One of several words, or an object with options of its own. */
export function wordOrObject<const Word extends string, Table extends OptionTable>(
  entry: ObjectEntry<Table> & {
    readonly words: readonly Word[];
    readonly default: Word;
  },
): Option<Word | ValuesOf<Table>> & OptionExtras {
  const { words, default: word, ...rest } = entry;
  const { resolve, ...option } = object(rest);
  const isWord = (given: unknown): boolean => words.some((each) => each === given);
  return {
    ...option,
    default: word,
    type: [...words.map((each) => `'${each}'`), option.type].join(' | '),
    constraint: `${words.join(', ')} or ${option.constraint}`,
    accepts: (given) => isWord(given) || option.accepts(given),
    resolve: (given, path) => (isWord(given) ? given : resolve?.(given, path)),
  };
}

function objectText(group: OptionGroup): string {
  return `{ ${[...group.byName.keys()].join(', ')} }`;
}
