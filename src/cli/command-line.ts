import yargs, { type Argv } from 'yargs';
import { CodedError, type FlagTable, longName, type Sources } from '../base/index.ts';
import { expandShortFlags } from './short-flags.ts';
import type { Verb } from './verb.ts';

/** What a command line asks for. */
export type Request =
  | {
      readonly ask: 'run';
      readonly verb: Verb;
      readonly given: NonNullable<Sources['given']>;
      readonly words: readonly string[];
    }
  | { readonly ask: 'help'; readonly verb: Verb | undefined }
  | { readonly ask: 'version' };

/**
 * @throws {CodedError} `ERR_USAGE` for a verb or an option that does not exist, or one without its value.
 */
export function readCommandLine(args: readonly string[], verbs: readonly Verb[]): Request {
  const [first = '--help', ...rest] = args;
  if (first === '--help' || first === '-h' || first === 'help')
    return { ask: 'help', verb: verbs.find((each) => each.name === rest[0]) };
  if (first === '--version' || first === '-V') return { ask: 'version' };
  const verb = verbs.find((each) => each.name === first);
  if (verb === undefined) throw usage(unknownVerb(first, verbs));

  const parsed = parse(expandShortFlags(rest, verb.flags), verb);
  if (parsed['help'] === true || parsed['h'] === true) return { ask: 'help', verb };
  if (parsed['version'] === true || parsed['V'] === true) return { ask: 'version' };
  const words = wordsOf(parsed, verb);
  return { ask: 'run', verb, given: textsOf(parsed, verb.flags), words };
}

/** Every option stays the text that was typed: the option table knows what it means. */
const PARSER = {
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'short-option-groups': false,
} as const;

function parse(args: readonly string[], verb: Verb): Record<string, unknown> {
  const parser = declare(yargs([]), verb.flags)
    .parserConfiguration(PARSER)
    .help(false)
    .version(false)
    .option('help', { alias: 'h', type: 'boolean' })
    .option('version', { alias: 'V', type: 'boolean' })
    .exitProcess(false)
    .showHelpOnFail(false)
    .strictOptions()
    .fail((message) => {
      throw usage(`${sentence(message, args)} "slabring ${verb.name} --help" lists the options.`);
    });
  return parser.parseSync([...args]);
}

/** @throws {CodedError} `ERR_USAGE` for words that the verb does not take, or for too few. */
function wordsOf(parsed: Record<string, unknown>, verb: Verb): readonly string[] {
  const words = (parsed['_'] as readonly unknown[]).map(String);
  const wanted = verb.words ?? [];
  const takesAny = wanted.at(-1)?.includes('...') === true;
  const extra = takesAny ? undefined : words[wanted.length];
  if (extra !== undefined) throw usage(`There is no option "${extra}". ${pointer(verb)}`);
  const missing = wanted.slice(words.length).find((name) => !name.startsWith('['));
  if (missing !== undefined) throw usage(`${missing} is missing. ${pointer(verb)}`);
  return words;
}

function pointer(verb: Verb): string {
  return `"slabring ${verb.name} --help" lists the options.`;
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

function textsOf(parsed: Record<string, unknown>, table: FlagTable): Record<string, string[]> {
  const given: Record<string, string[]> = {};
  for (const [name, flag] of Object.entries(table)) {
    const value = parsed[longName(name, flag)];
    if (value === undefined || (flag.kind === 'count' && value === 0)) continue;
    // yargs has counted already; the table's own bound wants each `-v` by itself.
    if (flag.kind === 'count') given[name] = Array<string>(Number(value)).fill('1');
    else given[name] = Array.isArray(value) ? value.map(String) : [String(value)];
  }
  return given;
}

/** yargs's words for what is wrong, with the words that were typed. */
function sentence(message: string, args: readonly string[]): string {
  const typed = (name: string) => args.find((arg) => /^-*([^=]*)/.exec(arg)?.[1] === name) ?? name;
  const unknown = /^Unknown arguments?: (.*)$/.exec(message)?.[1];
  if (unknown !== undefined) {
    const words = [...new Set(unknown.split(', '))].map(typed).map((word) => `"${word}"`);
    return `There is no option ${words.join(', ')}.`;
  }
  const lonely = /following: (.*)$/.exec(message)?.[1];
  return lonely === undefined ? `${message}.` : `${typed(lonely)} needs a value.`;
}

function unknownVerb(typed: string, verbs: readonly Verb[]): string {
  const names = verbs.map(({ name }) => name).join(', ');
  const hint = typed.startsWith('-')
    ? ` To start a node with options: slabring serve ${typed} …`
    : '';
  return `There is no verb "${typed}"; there are ${names}.${hint}`;
}

function usage(message: string): CodedError {
  return new CodedError('ERR_USAGE', message);
}
