import {
  type AnyFlag,
  CodedError,
  type FlagTable,
  longName,
  type Sources,
  takesValue,
} from '../../base/index.ts';
import type { Verb } from '../verb.ts';
import { HELP_WORDS, VERSION_WORDS, verbName } from './node-verb.ts';
import { expandShortFlags } from './short-flags.ts';

/** A parsed command line: run a verb, print help or print the version. */
type Invocation =
  | {
      readonly kind: 'run';
      readonly verb: Verb;
      readonly given: NonNullable<Sources['given']>;
      readonly args: readonly string[];
    }
  | { readonly kind: 'help'; readonly verb: Verb | undefined }
  | { readonly kind: 'version' };

/**
 * @throws {CodedError} `ERR_USAGE` for an unknown verb, an unknown option, an option without its
 * value, or a wrong number of arguments.
 */
export function readCommandLine(args: readonly string[], verbs: readonly Verb[]): Invocation {
  const [first = '--help', ...rest] = args;
  if (HELP_WORDS.includes(first))
    return { kind: 'help', verb: verbs.find((each) => each.name === rest[0]) };
  if (VERSION_WORDS.includes(first)) return { kind: 'version' };
  const verb = verbs.find(({ name }) => name === verbName(first));
  if (verb === undefined) throw usageError(unknownVerbText(first, verbs));

  const words = sortWords(expandShortFlags(first === verb.name ? rest : args, verb.flags), verb);
  if (words.asked !== undefined) return { kind: words.asked, verb };
  return { kind: 'run', verb, given: words.given, args: argumentsOf(words.args, verb) };
}

/** An option and its value, if it is in the same word: `-1` and `-` are arguments. */
const OPTION = /^(--[^=]+|-[A-Za-z][^=]*)(?:=(.*))?$/s;

interface SortedWords {
  readonly given: Record<string, string[]>;
  readonly args: string[];
  /** What the user asks for in place of a run. */
  asked: 'help' | 'version' | undefined;
}

/** Sorts the words of a command line; the option table converts the texts of the values. */
function sortWords(words: readonly string[], verb: Verb): SortedWords {
  const sorted: SortedWords = { given: {}, args: [], asked: undefined };
  const unknown = new Set<string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') {
      sorted.args.push(...words.slice(at + 1));
      break;
    }
    const [, typed, inline] = OPTION.exec(word) ?? [];
    const option = typed === undefined ? undefined : optionOf(typed.trimEnd(), verb.flags);
    if (typed === undefined) sorted.args.push(word);
    else if (HELP_WORDS.includes(typed)) sorted.asked = 'help';
    else if (VERSION_WORDS.includes(typed)) sorted.asked ??= 'version';
    else if (option === undefined) unknown.add(`"${typed}"`);
    else {
      const value = inline ?? valueIn(words[at + 1], option.flag);
      if (inline === undefined && value !== undefined) at++;
      else if (value === undefined && takesValue(option.flag)) {
        throw usageError(`${typed} needs a value. ${helpHint(verb)}`);
      }
      const text = value ?? (option.flag.kind === 'count' ? '1' : 'true');
      sorted.given[option.name] = [...(sorted.given[option.name] ?? []), text];
    }
  }
  if (sorted.asked !== undefined || unknown.size === 0) return sorted;
  throw usageError(`There is no option ${[...unknown].join(', ')}. ${helpHint(verb)}`);
}

function optionOf(typed: string, table: FlagTable) {
  const entry = Object.entries(table).find(([name, flag]) => `--${longName(name, flag)}` === typed);
  return entry && { name: entry[0], flag: entry[1] };
}

/** The next word, if it is the value of the option before it. */
function valueIn(next: string | undefined, flag: AnyFlag): string | undefined {
  if (next === undefined || OPTION.test(next) || next === '--') return undefined;
  return takesValue(flag) || (flag.kind === 'flag' && /^(true|false)$/.test(next))
    ? next
    : undefined;
}

/** @throws {CodedError} `ERR_USAGE` for too many or too few arguments. */
function argumentsOf(args: readonly string[], verb: Verb): readonly string[] {
  const parameters = verb.parameters ?? [];
  const isVariadic = parameters.at(-1)?.includes('...') === true;
  const extra = isVariadic ? undefined : args[parameters.length];
  if (extra !== undefined) throw usageError(`Unexpected argument "${extra}". ${helpHint(verb)}`);
  const missing = parameters.slice(args.length).find((name) => !name.startsWith('['));
  if (missing !== undefined) throw usageError(`Missing argument: ${missing}. ${helpHint(verb)}`);
  return args;
}

function helpHint(verb: Verb): string {
  return `"slabring ${verb.name} --help" lists the options.`;
}

function unknownVerbText(typed: string, verbs: readonly Verb[]): string {
  const names = verbs.map(({ name }) => name).join(', ');
  return `There is no verb "${typed}"; the verbs are ${names}.`;
}

function usageError(message: string): CodedError {
  return new CodedError('ERR_USAGE', message);
}
