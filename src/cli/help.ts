import { type AnyFlag, defaultText, envName, type FlagTable, longName } from '../base/index.ts';
import { columns } from './columns.ts';
import type { Verb } from './verb.ts';

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
    '  -h, --help on its own or after a verb   what it does, its options, examples',
    '  -V, --version                           print the version',
    '',
    `Try: ${start.command}`,
  ].join('\n');
}

/** `slabring serve --help`. */
export function verbHelp(verb: Verb): string {
  const examples = verb.examples.map(({ command, does }) => [`  ${command}`, does]);
  return [
    `Usage: slabring ${[verb.name, ...(verb.words ?? [])].join(' ')} [options]`,
    '',
    verb.about,
    '',
    'Options (also as environment variables, such as SLABRING_PORT=11212; the command line wins):',
    columns([...flagRows(verb.flags), ...COMMON_ROWS]),
    '',
    'Examples:',
    columns(examples),
  ].join('\n');
}

const COMMON_ROWS = [
  ['  -h, --help', 'Print this help.'],
  ['  -V, --version', 'Print the version.'],
];

function flagRows(table: FlagTable): string[][] {
  return Object.entries(table).map(([name, flag]) => [
    `  ${flagSpelling(name, flag)}`,
    `${flag.doc}${defaultNote(flag)}`,
  ]);
}

/** `-p, --port=<num>`, as memcached's own help writes it. */
export function flagSpelling(name: string, flag: AnyFlag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const value = flag.placeholder === '' ? '' : `=${flag.placeholder}`;
  return `${short}--${longName(name, flag)}${value}`;
}

function defaultNote(flag: AnyFlag): string {
  const text = defaultText(flag);
  return text === '' || flag.placeholder === '' ? '' : ` (default: ${text})`;
}

/** One section of docs/options.md. */
export function optionsSection(verb: Verb): string {
  const rows = Object.entries(verb.flags).map(([name, flag]) => {
    const spelling = `\`${flagSpelling(name, flag).trim()}\``;
    const value = defaultText(flag) === '' ? '' : `\`${defaultText(flag)}\``;
    const also = flag.alsoEnv === undefined ? '' : `, \`${flag.alsoEnv}\``;
    return `| ${spelling} | \`${envName(name, flag)}\`${also} | ${value} | ${flag.must} | ${flag.doc} |`;
  });
  const head = '| option | environment | default | value | what it does |\n|---|---|---|---|---|';
  return `## slabring ${verb.name}\n\n${verb.about}\n\n${[head, ...rows].join('\n')}\n`;
}
