import {
  type AnyFlag,
  defaultText,
  envNames,
  type FlagTable,
  longName,
  takesValue,
} from '../../base/index.ts';
import type { Verb } from '../verb.ts';
import { definitions, wrap, wrapAll } from './wrap.ts';

/** `slabring --help`, for a terminal of `columnsMax` columns. */
export function generalHelp(verbs: readonly Verb[], columnsMax: number): string {
  const start = verbs[0]!.examples[0]!;
  const common = [
    ['  -h, --help', 'print this help; after a verb: its options and examples'],
    ['  -V, --version', 'print the version'],
  ] as const;
  return [
    'Usage: slabring <verb> [options]',
    '',
    ...wrap('A cache cluster that speaks the Memcached protocol.', columnsMax),
    '',
    definitions(
      verbs.map(({ name, summary }) => [`  ${name}`, summary]),
      columnsMax,
    ),
    '',
    definitions(common, columnsMax),
    '',
    `Try: ${start.command}`,
  ].join('\n');
}

/** `slabring serve --help`: first the options that only this verb has. */
export function verbHelp(verb: Verb, columnsMax: number): string {
  const examples = verb.examples.map(({ command, effect }) => [`  ${command}`, effect] as const);
  const usage = `Usage: slabring ${[verb.name, ...(verb.parameters ?? [])].join(' ')} [options]`;
  const shared = Object.entries(verb.flags).filter(([name]) => isShared(verb, name));
  const own = Object.entries(verb.flags).filter(([name]) => !isShared(verb, name));
  const variables = variablesNote(verb.flags);
  return [
    ...wrap(usage, columnsMax),
    '',
    wrapAll(verb.description, columnsMax),
    '',
    'Options:',
    definitions([...flagRows(own), ...COMMON_ROWS], columnsMax),
    ...(shared.length === 0
      ? []
      : ['', `${verb.shared!.title}:`, definitions(flagRows(shared), columnsMax)]),
    ...(variables === undefined ? [] : ['', ...wrap(variables, columnsMax)]),
    '',
    'Examples:',
    definitions(examples, columnsMax),
  ].join('\n');
}

function isShared({ shared }: Verb, name: string): boolean {
  return shared !== undefined && name in shared.flags;
}

/** Names the variable of one option, as an example; `undefined` for a verb without variables. */
function variablesNote(flags: FlagTable): string | undefined {
  const example = Object.entries(flags).find(
    ([name, flag]) => takesValue(flag) && flag.env === undefined && envNames(name, flag).length > 0,
  );
  if (example === undefined) return undefined;
  const [name, flag] = example;
  return (
    `Environment variables set options that the command line does not set: ` +
    `${envNames(name, flag)[0]} for --${longName(name, flag)}, and so on.`
  );
}

const PAGE_COLUMNS_MAX = 100;
const COMMON_ROWS = [
  ['  -h, --help', 'Print this help.'],
  ['  -V, --version', 'Print the version.'],
] as const;

function flagRows(entries: readonly (readonly [string, AnyFlag])[]): [string, string][] {
  return entries.map(([name, flag]) => [
    `  ${flagSpelling(name, flag)}`,
    `${flag.doc}${valueNote(flag)}`,
  ]);
}

/** `-p, --port=<num>`, in the format of memcached's own help. */
function flagSpelling(name: string, flag: AnyFlag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const value = flag.placeholder === '' ? '' : `=${flag.placeholder}`;
  return `${short}--${longName(name, flag)}${value}`;
}

/** The default with its unit, and an environment variable that the name of the option hides. */
function valueNote(flag: AnyFlag): string {
  const text = defaultText(flag);
  const value = [text, flag.unit].filter(Boolean).join(' ');
  const notes = [
    text === '' || flag.placeholder === '' ? undefined : `default: ${value}`,
    flag.env === undefined ? undefined : `environment variable: ${flag.env}`,
  ].filter((note) => note !== undefined);
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}

/** One section of docs/options.md. */
export function optionsSection(verb: Verb): string {
  const rows = Object.entries(verb.flags).map(([name, flag]) => {
    const spelling = `\`${flagSpelling(name, flag).trim()}\``;
    const value = defaultText(flag) === '' ? '' : `\`${defaultText(flag)}\``;
    const env = envNames(name, flag)
      .map((variable) => `\`${variable}\``)
      .join(', ');
    const cells = [spelling, env, value, flag.constraint, flag.doc];
    // A pipe ends the cell of a table, also inside of code.
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  const head = '| option | environment | default | value | description |\n|---|---|---|---|---|';
  const description = wrapAll(verb.description, PAGE_COLUMNS_MAX);
  return `## slabring ${verb.name}\n\n${description}\n\n${[head, ...rows].join('\n')}\n`;
}
