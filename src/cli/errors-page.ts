import { FAILURES } from '../client/index.ts';

const HEAD = `# Failures of the client

This page is written by \`npm run docs\` from the table in \`src/client/errors.ts\` (a test keeps it in step).

A failure is a \`CacheError\`: match its \`code\`, never its message. \`mayHaveRun\` says whether the node may have carried
the command out; when it is false, trying again is safe for any command. \`node\` names the node, as soon as it is known
which that is; \`keyHash\` tells keys apart in logs without showing them (what concerns no key, such as \`flush\`, has
none); \`cause\` is the error underneath, if there is one. A miss is not a failure.
`;

const NAMES = {
  'key at node': 'Fields: `node`, `keyHash`.',
  key: 'Fields: `keyHash`.',
  nothing: 'Neither `node` nor `keyHash`.',
};

/** docs/errors.md: every code, and what to do about it. */
export function errorsPage(): string {
  const sections = Object.entries(FAILURES).map(([code, { text, mayHaveRun, about, advice }]) => {
    const run = mayHaveRun ? 'The command may have run.' : 'The command has not run.';
    return `## ${code}\n\n${text} ${run}\n\n${NAMES[about]}\n\n${advice}\n`;
  });
  return [HEAD, ...sections].join('\n');
}
