import { FAILURES } from '../../client/index.ts';

const HEAD = `# Error codes

\`npm run docs\` generates this page from the table in \`src/client/base/errors.ts\`; a test
compares them.

A failed operation rejects with a \`CacheError\`. Match its \`code\`, never its message. Its fields:

- \`mayHaveRun\`: true if the node may have executed the command. If it is false, a retry is safe
  for any command.
- \`node\`: the name of the node, if the client had already chosen one.
- \`keyHash\`: a hash that distinguishes keys in logs without showing them. Operations without a
  key, such as \`flush\`, do not have it.
- \`cause\`: the underlying error, if there is one.

A miss is not a failure.
`;

const FIELDS_TEXTS = {
  'key at node': 'Fields: `node`, `keyHash`.',
  key: 'Fields: `keyHash`.',
  nothing: 'Neither `node` nor `keyHash`.',
};

/** docs/errors.md: every code, its meaning and the advice. */
export function errorsPage(): string {
  const sections = Object.entries(FAILURES).map(([code, { text, mayHaveRun, about, advice }]) => {
    const run = mayHaveRun ? 'The command may have run.' : 'The command has not run.';
    return `## ${code}\n\n${text} ${run}\n\n${FIELDS_TEXTS[about]}\n\n${advice}\n`;
  });
  return [HEAD, ...sections].join('\n');
}
