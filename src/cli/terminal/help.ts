import {
  type AnyFlag,
  defaultText,
  envName,
  type FlagTable,
  longName,
  takesValue,
} from '../../base/index.ts';
import type { Verb } from '../verb.ts';
import { columns } from './columns.ts';

/** `slabring --help`. */
export function generalHelp(verbs: readonly Verb[]): string {
  const start = verbs[0]!.examples[0]!;
  return [
    'Usage: slabring <verb> [options]',
    '',
    'A cache cluster that speaks the Memcached protocol.',
    '',
    columns(verbs.map(({ name, summary }) => [`  ${name}`, summary])),
    '',
    '  -h, --help      print this help; after a verb: its options and examples',
    '  -V, --version   print the version',
    '',
    `Try: ${start.command}`,
  ].join('\n');
}

/** `slabring serve --help`. */
export function verbHelp(verb: Verb): string {
  const examples = verb.examples.map(({ command, effect }) => [`  ${command}`, effect]);
  return [
    `Usage: slabring ${[verb.name, ...(verb.parameters ?? [])].join(' ')} [options]`,
    '',
    verb.description,
    '',
    optionsTitle(verb.flags),
    columns([...flagRows(verb.flags), ...COMMON_ROWS]),
    '',
    'Examples:',
    columns(examples),
  ].join('\n');
}

/** The heading names a variable of this verb: `--nodes` of a cluster is not that of a client. */
function optionsTitle(flags: FlagTable): string {
  const example = Object.entries(flags).find(
    ([, flag]) => takesValue(flag) && flag.env === undefined,
  );
  if (example === undefined) return 'Options:';
  const [name, flag] = example;
  const names = `${envName(name, flag)} for --${longName(name, flag)}`;
  return `Options (the command line overrides environment variables: ${names}, and so on):`;
}

const COMMON_ROWS = [
  ['  -h, --help', 'Print this help.'],
  ['  -V, --version', 'Print the version.'],
];

function flagRows(table: FlagTable): string[][] {
  return Object.entries(table).map(([name, flag]) => [
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
    const also = flag.alsoEnv === undefined ? '' : `, \`${flag.alsoEnv}\``;
    const env = `\`${envName(name, flag)}\`${also}`;
    return `| ${spelling} | ${env} | ${value} | ${flag.constraint} | ${flag.doc} |`;
  });
  const head = '| option | environment | default | value | description |\n|---|---|---|---|---|';
  return `## slabring ${verb.name}\n\n${verb.description}\n\n${[head, ...rows].join('\n')}\n`;
}
