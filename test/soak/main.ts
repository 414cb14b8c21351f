/**
 * `npm run soak -- [--minutes N] [--seed S]`: runs a node under a load whose value sizes change all
 * the time, and checks its replies, memory and counters.
 */
import { setTimeout as pause } from 'node:timers/promises';
import yargs from 'yargs';
import { startSlabring } from '../support/node-process.ts';
import { Random } from '../support/random.ts';
import { NodeCheck } from './node-check.ts';
import { type Phase, SoakClient, type SoakTotals } from './soak-client.ts';

const CONNECTIONS = 8;
/**
 * About forty size classes keep one page each; the rest of the memory must hold eight large values
 * that arrive at the same time.
 */
const MEMORY_MEGABYTES = 128;
const MS_PER_MINUTE = 60_000;
const PHASE_MS = 5000;
const SAMPLE_MS = 1000;
const SAMPLES_PER_LINE = 10;
/** Resident memory may grow by this factor in the second half: noise of the system and of GC. */
const RSS_GROWTH_MAX = 1.05;
const RSS_SLACK_BYTES = 16 << 20;

const PHASES: readonly Phase[] = [
  { name: 'small', bytesMax: 200, largeOneIn: 10_000 },
  { name: 'medium', bytesMax: 3000, largeOneIn: 500 },
  { name: 'big', bytesMax: 60_000, largeOneIn: 500 },
  { name: 'large', bytesMax: 1000, largeOneIn: 20 },
  { name: 'tiny', bytesMax: 20, largeOneIn: 10_000 },
];
/** The values of `cache_memlimit` in megabytes; the limit changes after each round of phases. */
const LIMITS = [MEMORY_MEGABYTES, 96, MEMORY_MEGABYTES, 112];

const { minutes, seed } = yargs(process.argv.slice(2))
  .usage(
    'npm run soak -- [options]\n\n' +
      'Loads a node with values of all sizes; checks each reply, its memory and its counters.',
  )
  .option('minutes', { type: 'number', default: 5, describe: 'duration' })
  .option('seed', {
    type: 'number',
    default: Date.now() % 2 ** 31,
    describe: 'seed of the requests',
  })
  .strict()
  .parseSync();

const totals: SoakTotals = { requests: 0, hits: 0, misses: 0, errors: [] };
const rssSamples: number[] = [];
const startedMs = performance.now();
const elapsedMs = (): number => performance.now() - startedMs;
const isFinished = (): boolean =>
  elapsedMs() >= minutes * MS_PER_MINUTE || totals.errors.length > 0;
const phaseNow = (): Phase => PHASES[Math.floor(elapsedMs() / PHASE_MS) % PHASES.length]!;

async function runClient(client: SoakClient): Promise<void> {
  while (!isFinished()) await client.step(phaseNow());
}

/** Takes samples, reports them, and changes the memory limit. */
async function monitor(check: NodeCheck): Promise<void> {
  for (let sample = 0; !isFinished(); sample++) {
    await pause(SAMPLE_MS);
    rssSamples.push(await check.rssBytes());
    if (sample % (PHASES.length * (PHASE_MS / SAMPLE_MS)) === 0) {
      const round = Math.floor(sample / (PHASES.length * (PHASE_MS / SAMPLE_MS)));
      await check.request(`cache_memlimit ${LIMITS[round % LIMITS.length]}\r\n`);
    }
    if (sample % SAMPLES_PER_LINE === 0) await report(check);
  }
}

async function report(check: NodeCheck): Promise<void> {
  const stats = await check.stats();
  const { requests, hits, misses } = totals;
  const shown = [
    `${(elapsedMs() / 1000).toFixed(0).padStart(5)} s`,
    phaseNow().name.padEnd(6),
    `${requests} round trips`,
    `hit ratio ${(hits / Math.max(1, hits + misses)).toFixed(3)}`,
    ...['curr_items', 'evictions', 'crawler_reclaimed', 'slabs_moved'].map(
      (name) => `${name} ${stats.get(name)}`,
    ),
    `rss ${megabytes(rssSamples.at(-1) ?? 0)} MB`,
  ];
  console.log(shown.join(' | '));
}

const megabytes = (bytes: number): string => (bytes / (1 << 20)).toFixed(1);

/** The second half repeats all sizes of the first, so it must not need more memory. */
function rssProblems(): readonly string[] {
  const half = rssSamples.length >> 1;
  const [first, second] = [rssSamples.slice(0, half), rssSamples.slice(half)].map((samples) =>
    Math.max(0, ...samples),
  ) as [number, number];
  console.log(
    `maximum rss: ${megabytes(first)} MB in the first half, ${megabytes(second)} MB in the second`,
  );
  const isFlat = second <= first * RSS_GROWTH_MAX + RSS_SLACK_BYTES;
  return isFlat ? [] : ['The resident memory of the node grows.'];
}

console.log(`seed ${seed}, ${minutes} minutes, ${CONNECTIONS} connections`);
const server = await startSlabring({
  args: ['-m', String(MEMORY_MEGABYTES), '-t', '2', '-I', '8m'],
});
const random = new Random(seed);
try {
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, i) =>
      SoakClient.connect(server.address, random.fork(i), totals),
    ),
  );
  const check = await NodeCheck.connect(server);
  await Promise.all([...clients.map(runClient), monitor(check)]);
  for (const client of clients) client.close();
  await report(check);
  const problems = [...totals.errors, ...(await check.findProblems()), ...rssProblems()];
  check.close();
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? 'no problems found' : `${problems.length} problems found`);
  if (problems.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error, server.process.stderr);
  process.exitCode = 1;
} finally {
  const end = await server.stop();
  if (end.code !== 0) {
    console.error(`The node ended with ${JSON.stringify(end)} instead of code 0.`);
    process.exitCode = 1;
  }
}
