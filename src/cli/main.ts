import { startsNode } from './options/node-verb.ts';

const args = process.argv.slice(2);

// A node does not load the modules of other verbs, which would stay in its memory.
const { main } = await (startsNode(args) ? import('./node-command.ts') : import('./command.ts'));
await main(args);
