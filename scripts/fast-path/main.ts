/**
 * Builds the WebAssembly of the fast path, unless the folder has it.
 *
 *   node scripts/fast-path/main.ts [--instrumented] [folder = dist/fast-path]
 */
import { parseArgs } from 'node:util';
import { buildFastPath } from './build.ts';

const { values, positionals } = parseArgs({
  options: { instrumented: { type: 'boolean', default: false } },
  allowPositionals: true,
});
try {
  const paths = await buildFastPath(positionals[0], values);
  console.log(paths.length === 0 ? 'The fast path is built already.' : paths.join('\n'));
} catch (error) {
  console.error(`Cannot build the fast path.\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
