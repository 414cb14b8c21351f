/**
 * Measures the resident memory of an empty node that runs from the built package, and records it.
 * `node benchmarks/memory/main.ts [--no-record]`
 */
import { parseArgs } from 'node:util';
import { buildPackages } from '../../test/support/built-packages.ts';
import { emptyNodeBytes } from '../../test/support/packaged-node.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';

const THREADS = [1, 4] as const;
const ROUNDS = 3;

const { values } = parseArgs({ options: { 'no-record': { type: 'boolean', default: false } } });
const argsOf = (threads: number): readonly string[] => ['-m', '64', '-t', String(threads)];

const built = await buildPackages();
const runs: { readonly threads: number; readonly rssBytes: number }[] = [];
try {
  for (let round = 0; round < ROUNDS; round++) {
    for (const threads of THREADS) {
      runs.push({ threads, rssBytes: await emptyNodeBytes(built, argsOf(threads)) });
    }
  }
} finally {
  await built.remove();
}

const rows = THREADS.map((threads) => {
  const mebibytes = runs
    .filter((run) => run.threads === threads)
    .map(({ rssBytes }) => (rssBytes / 2 ** 20).toFixed(1));
  return [String(threads), mebibytes.join(', ')];
});
const summary = formatTable([['threads (-t)', 'RSS of an empty node, MiB, each round'], ...rows]);
console.log(summary);
if (!values['no-record']) {
  const commands = THREADS.map((threads) => `slabring serve ${argsOf(threads).join(' ')}`);
  const machine = describeMachine();
  console.error(`The record is in ${await writeRecord({ machine, commands, summary, raw: runs })}`);
}
