import { optionsSection } from '../terminal/help.ts';
import type { Verb } from '../verb.ts';

const HEAD = `# Options

\`npm run docs\` generates this page from the option tables in the source; a test compares them.

The command line sets a value; without it the environment variable does; without both the default
holds. If a value is out of range, the program prints a message and ends with exit code 2. Sizes
take the suffixes \`k\`, \`m\` and \`g\` (powers of 1024). Short options combine as in memcached:
\`-vv\`, \`-p11212\`, \`-m 64\`.
`;

const SUBOPTIONS_HEAD = `## Other suboptions of \`-o\`

These set no option above. \`slabring serve\` accepts them all, because command lines of memcached
have them; it warns of each that has no effect.

| suboption | reason |
|---|---|`;

/** docs/options.md: every option of every verb. */
export function optionsPage(verbs: readonly Verb[]): string {
  return [HEAD, ...verbs.map(optionsSection), suboptionsSection(verbs)].join('\n');
}

function suboptionsSection(verbs: readonly Verb[]): string {
  const flags = verbs.flatMap((verb) => Object.values(verb.flags));
  const { fulfilled, ineffective } = flags.find(({ kind }) => kind === 'suboptions') ?? {};
  const rows = [
    ...Object.entries(fulfilled ?? {}).map(([name, reason]) => [name, `fulfilled: ${reason}`]),
    ...Object.entries(ineffective ?? {}).map(([name, reason]) => [name, `no effect: ${reason}`]),
  ];
  const lines = rows.map(([name, reason]) => `| \`${name}\` | ${reason} |`);
  return `${[SUBOPTIONS_HEAD, ...lines].join('\n')}\n`;
}
