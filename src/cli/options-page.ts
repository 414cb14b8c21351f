import { optionsSection } from './help.ts';
import type { Verb } from './verb.ts';

const HEAD = `# Options

This page is written by \`npm run docs\` from the option tables in the source (a test keeps it in step).

A value comes from the command line, else from the environment variable, else it is the default. A value that
is out of range stops the start with a sentence and exit code 2. Sizes take the suffixes \`k\`, \`m\` and \`g\`
(powers of 1024). Short options combine as in memcached: \`-vv\`, \`-p11212\`, \`-m 64\`.
`;

/** docs/options.md: every option of every verb. */
export function optionsPage(verbs: readonly Verb[]): string {
  return [HEAD, ...verbs.map(optionsSection)].join('\n');
}
