import yargs, { type Argv } from 'yargs';
import { CodedError, type FlagTable, longName, type Sources } from '../../base/index.ts';
import type { Verb } from '../verb.ts';
import { HELP_WORDS, VERSION_WORDS, verbName } from './node-verb.ts';
import { expandShortFlags } from './short-flags.ts';

export interface VerbInvocation {
  readonly kind: 'run';
  readonly verb: Verb;
  readonly given: NonNullable<Sources['given']>;
  readonly args: readonly string[];
}

/** A parsed command line: run a verb, print help or print the version. */
type Invocation =
  | VerbInvocation
  | { readonly kind: 'help'; readonly verb: Verb | undefined }
  | { readonly kind: 'version' };

/**
 * @throws {CodedError} `ERR_USAGE` for an unknown verb, an unknown option, an option without its
 * value, or a wrong number of arguments.
 */
export function readCommandLine(args: readonly string[], verbs: readonly Verb[]): Invocation {
  const [first = '--help', ...rest] = args;
  if (HELP_WORDS.includes(first)) return { kind: 'help', verb: wordsOf(rest, verbs) };
  if (VERSION_WORDS.includes(first)) return { kind: 'version' };
  const verb = wordsOf([verbName(first), ...rest], verbs);
  if (verb === undefined) throw usageError(unknownVerbText(first, verbs));

  const words = verbName(first) === first ? verb.name.split(' ').length : 0;
  const parsed = parse(expandShortFlags(args.slice(words), verb.flags), verb);
  if (parsed['help'] === true || parsed['h'] === true) return { kind: 'help', verb };
  if (parsed['version'] === true || parsed['V'] === true) return { kind: 'version' };
  const given = givenTexts(parsed, verb.flags);
  const positionals = (parsed['_'] as readonly unknown[]).map(String);
  return { kind: 'run', verb, given, args: argumentsOf(positionals, verb) };
}

/** The verb that these words begin with; some have two, as `manage attach`. */
function wordsOf(words: readonly string[], verbs: readonly Verb[]): Verb | undefined {
  const named = (count: number) =>
    verbs.find(({ name }) => name === words.slice(0, count).join(' '));
  return named(2) ?? named(1);
}

/** yargs leaves every value as the text that was typed; the option table converts it. */
const PARSER = {
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
} as const;

function parse(args: readonly string[], verb: Verb): Record<string, unknown> {
  const parser = declare(yargs([]), verb.flags)
    .parserConfiguration(PARSER)
    .detectLocale(false)
    .help(false)
    .version(false)
    .option('help', { alias: 'h', type: 'boolean' })
    .option('version', { alias: 'V', type: 'boolean' })
    .exitProcess(false)
    .showHelpOnFail(false)
    .strictOptions()
    .fail((message) => {
      throw usageError(`${usageErrorText(message, args)} ${helpHint(verb)}`);
    });
  return parser.parseSync([...args]);
}

function declare(parser: Argv, table: FlagTable): Argv {
  for (const [name, flag] of Object.entries(table)) {
    const long = longName(name, flag);
    if (flag.kind === 'flag') parser.boolean(long);
    else if (flag.kind === 'count') parser.count(long);
    else parser.option(long, { type: 'string', requiresArg: true });
  }
  return parser;
}

function givenTexts(parsed: Record<string, unknown>, table: FlagTable): Record<string, string[]> {
  const given: Record<string, string[]> = {};
  for (const [name, flag] of Object.entries(table)) {
    const value = parsed[longName(name, flag)];
    if (value === undefined || (flag.kind === 'count' && value === 0)) continue;
    // yargs returns the count; the table checks its bound on one text for each `-v`.
    if (flag.kind === 'count') given[name] = Array<string>(Number(value)).fill('1');
    else given[name] = [value].flat().map(String);
  }
  return given;
}

/** Translates a message of yargs, and quotes arguments as the user typed them. */
function usageErrorText(message: string, args: readonly string[]): string {
  const options = args.map((arg) => arg.replace(/=.*$/s, ''));
  const typed = (name: string) => options.find((each) => each.replace(/^-*/, '') === name) ?? name;
  const unknown = /^Unknown arguments?: (.*)$/.exec(message)?.[1];
  if (unknown !== undefined) {
    const names = [...new Set(unknown.split(', '))].map(typed).map((name) => `"${name}"`);
    return `There is no option ${names.join(', ')}.`;
  }
  const valueless = /following: (.*)$/.exec(message)?.[1];
  return valueless === undefined ? `${message}.` : `${typed(valueless)} needs a value.`;
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
