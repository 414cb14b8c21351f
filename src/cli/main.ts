import { copiesNodes, startsNode } from './options/node-verb.ts';
import { lowerPriority } from './process/lower-priority.ts';

const args = process.argv.slice(2);

// To load the modules of a verb is work, too.
if (copiesNodes(args)) lowerPriority();

// A node does not load the modules of other verbs, which would stay in its memory.
const { main } = await (startsNode(args) ? import('./node-command.ts') : import('./command.ts'));
await main(args);
