/** `npm run soak -- [--minutes N] [--seed S]`: a node under a load whose sizes turn over, for as long as wanted. */
import { setTimeout as pause } from 'node:timers/promises';
import yargs from 'yargs';
import { startSlabring } from '../support/node-process.ts';
import { Random } from '../support/random.ts';
import { NodeCheck } from './node-check.ts';
import { type Phase, SoakClient, type Tally } from './soak-client.ts';

const CONNECTIONS = 8;
/** Each of some forty classes keeps a page; the rest has to hold eight large values on their way. */
const MEMORY_MEGABYTES = 128;
const MS_PER_MINUTE = 60_000;
const PHASE_MS = 5000;
const SAMPLE_MS = 1000;
const SAMPLES_PER_LINE = 10;
/** Resident memory may grow by this in the second half, for noise of the system and of garbage. */
const RSS_GROWTH_MAX = 1.05;
const RSS_SLACK_BYTES = 16 << 20;

const PHASES: readonly Phase[] = [
  { name: 'small', bytesMax: 200, largeOneIn: 10_000 },
  { name: 'medium', bytesMax: 3000, largeOneIn: 500 },
  { name: 'big', bytesMax: 60_000, largeOneIn: 500 },
  { name: 'large', bytesMax: 1000, largeOneIn: 20 },
  { name: 'tiny', bytesMax: 20, largeOneIn: 10_000 },
];
/** `cache_memlimit`, one after the other, once in a round of phases. */
const LIMITS = [MEMORY_MEGABYTES, 96, MEMORY_MEGABYTES, 112];

const { minutes, seed } = yargs(process.argv.slice(2))
  .usage(
    'npm run soak -- [options]\n\nAsks a node for values of all sizes and checks each reply, its memory and its sums.',
  )
  .option('minutes', { type: 'number', default: 5, describe: 'how long' })
  .option('seed', { type: 'number', default: Date.now() % 2 ** 31, describe: 'of what is asked' })
  .strict()
  .parseSync();

const tally: Tally = { requests: 0, hits: 0, misses: 0, errors: [] };
const rssSamples: number[] = [];
const startedMs = performance.now();
const elapsedMs = (): number => performance.now() - startedMs;
const isOver = (): boolean => elapsedMs() >= minutes * MS_PER_MINUTE || tally.errors.length > 0;
const phaseNow = (): Phase => PHASES[Math.floor(elapsedMs() / PHASE_MS) % PHASES.length]!;

async function beClient(client: SoakClient): Promise<void> {
  while (!isOver()) await client.step(phaseNow());
}

/** Takes samples, tells of them, and moves the memory limit. */
async function watch(check: NodeCheck): Promise<void> {
  for (let sample = 0; !isOver(); sample++) {
    await pause(SAMPLE_MS);
    rssSamples.push(await check.rssBytes());
    if (sample % (PHASES.length * (PHASE_MS / SAMPLE_MS)) === 0) {
      const round = Math.floor(sample / (PHASES.length * (PHASE_MS / SAMPLE_MS)));
      await check.say(`cache_memlimit ${LIMITS[round % LIMITS.length]}\r\n`);
    }
    if (sample % SAMPLES_PER_LINE === 0) await tell(check);
  }
}

async function tell(check: NodeCheck): Promise<void> {
  const stats = await check.stats();
  const { requests, hits, misses } = tally;
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

/** The second half must not need more than the first, all of whose sizes it repeats. */
function rssFlaws(): readonly string[] {
  const half = rssSamples.length >> 1;
  const [first, second] = [rssSamples.slice(0, half), rssSamples.slice(half)].map((samples) =>
    Math.max(0, ...samples),
  ) as [number, number];
  console.log(`greatest rss: ${megabytes(first)} MB in the first half, ${megabytes(second)} then`);
  const isFlat = second <= first * RSS_GROWTH_MAX + RSS_SLACK_BYTES;
  return isFlat ? [] : ['resident memory grows'];
}

console.log(`seed ${seed}, ${minutes} minutes, ${CONNECTIONS} connections`);
const server = await startSlabring({
  args: ['-m', String(MEMORY_MEGABYTES), '-t', '2', '-I', '8m'],
});
const random = new Random(seed);
try {
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, i) =>
      SoakClient.connect(server.address, random.fork(i), tally),
    ),
  );
  const check = await NodeCheck.connect(server);
  await Promise.all([...clients.map(beClient), watch(check)]);
  for (const client of clients) client.close();
  await tell(check);
  const flaws = [...tally.errors, ...(await check.flaws()), ...rssFlaws()];
  check.close();
  for (const flaw of flaws) console.error(flaw);
  console.log(flaws.length === 0 ? 'all is sound' : `${flaws.length} flaws`);
  if (flaws.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error, server.process.stderr);
  process.exitCode = 1;
} finally {
  const end = await server.stop();
  if (end.code !== 0) {
    console.error(`the node ended with ${JSON.stringify(end)}`);
    process.exitCode = 1;
  }
}
