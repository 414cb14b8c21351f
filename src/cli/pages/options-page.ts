import { optionsSection } from '../terminal/help.ts';
import type { Verb } from '../verb.ts';

const HEAD = `# Options

\`npm run docs\` generates this page from the option tables in the source; a test compares them.

The command line sets a value; without it the environment variable does; without both the default
holds. If a value is out of range, the program prints a message and ends with exit code 2. Sizes
take the suffixes \`k\`, \`m\` and \`g\` (powers of 1024). Short options combine as in memcached:
\`-vv\`, \`-p11212\`, \`-m 64\`.
`;

/** docs/options.md: every option of every verb. */
export function optionsPage(verbs: readonly Verb[]): string {
  return [HEAD, ...verbs.map(optionsSection)].join('\n');
}
