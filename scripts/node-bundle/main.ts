/**
 * Bundles what a node's process runs, over the output of the compiler.
 *
 *   node scripts/node-bundle/main.ts [folder = dist]
 */
import { resolve } from 'node:path';
import { bundleNode } from './build.ts';

const [folder = 'dist'] = process.argv.slice(2);
await bundleNode(resolve(folder));
