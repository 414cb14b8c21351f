/** `npm run fuzz -- [--minutes N] [--seed S]`: sends random bytes to all decoders for N minutes. */
import cliProgress from 'cli-progress';
import yargs from 'yargs';
import { startSlabring } from '../support/node-process.ts';
import { fuzzNode } from './node-fuzz.ts';
import { fuzzSessions } from './session-fuzz.ts';

const SESSION_STREAMS_PER_ROUND = 5000;
const NODE_STREAMS_PER_ROUND = 500;
const MS_PER_MINUTE = 60_000;

const { minutes, seed } = yargs(process.argv.slice(2))
  .usage(
    'npm run fuzz -- [options]\n\nSends random and mutated requests to sessions and to a node.',
  )
  .option('minutes', { type: 'number', default: 1, describe: 'how long to fuzz' })
  .option('seed', {
    type: 'number',
    default: Date.now() % 2 ** 31,
    describe: 'the seed of the first round',
  })
  .strict()
  .parseSync();

const server = await startSlabring({ args: ['-m', '16', '-t', '2', '-F'] });
const startedMs = Date.now();
const bar = new cliProgress.SingleBar({
  format: '{bar} {value} of {total} s | {streams} streams | seed {seed}',
});
bar.start(Math.ceil(minutes * 60), 0, { streams: 0, seed });
let streams = 0;
try {
  for (let round = 0; Date.now() - startedMs < minutes * MS_PER_MINUTE; round++) {
    const updateBar = (): void => {
      const seconds = Math.floor((Date.now() - startedMs) / 1000);
      bar.update(Math.min(seconds, Math.ceil(minutes * 60)), { streams, seed: seed + round });
    };
    fuzzSessions(seed + round, SESSION_STREAMS_PER_ROUND, updateBar);
    streams += SESSION_STREAMS_PER_ROUND;
    await fuzzNode(server, seed + round, NODE_STREAMS_PER_ROUND, updateBar);
    streams += NODE_STREAMS_PER_ROUND;
  }
  bar.stop();
  console.log(`Sent ${streams} streams; found no failure.`);
} catch (error) {
  bar.stop();
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await server.stop();
}
