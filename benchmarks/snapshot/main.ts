/**
 * Measures snapshots of a node with 1 GiB of 1 KiB items: the rate of a dump and of a restore, how
 * long a warm restart takes, and the latency of other clients while the node writes snapshots.
 * `node benchmarks/snapshot/main.ts [--items 1000000] [--seconds 10] [--to s3://…] [--no-record]`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSlabring } from '../../test/support/node-process.ts';
import type { TestServer } from '../../test/support/server.ts';
import { pinnedTo, SERVER_CORE } from '../macro/cores.ts';
import { Generator, type Measurement } from '../macro/generator.ts';
import { LOADS, type Load } from '../macro/loads.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';

const VALUE_BYTES = 1024;
const LOAD_CORE = 1;
const ROUNDS = 3;

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '10' },
    /** Where the node writes its snapshots, also `s3://bucket/prefix` with the variables of AWS. */
    to: { type: 'string' },
    'no-record': { type: 'boolean', default: false },
  },
});
const items = Number(values.items);
const seconds = Number(values.seconds);
const megabytes = Math.ceil((items * (VALUE_BYTES + 100) * 1.3) / 2 ** 20);

const loadOf = (name: string): Load => ({
  ...LOADS.find((load) => load.name === name)!,
  keySpace: items,
  loadedKeys: items,
  valueBytes: VALUE_BYTES,
});

const folder = await mkdtemp(join(tmpdir(), 'slabring-snapshot-'));
const generator = await Generator.compile();
const started: TestServer[] = [];

/** A node on one core, with one thread for clients. */
async function start(...args: readonly string[]): Promise<TestServer> {
  const node = await startSlabring({
    args: ['-m', `${megabytes}`, '-t', '1', '-v', ...args],
    commandPrefix: pinnedTo(SERVER_CORE),
  });
  started.push(node);
  return node;
}

const measure = (node: TestServer, load: Load, fill: boolean, time = seconds) =>
  generator.run(node, load, { seconds: time, seed: 1, fill, core: LOAD_CORE });

/** The number before ` MiB in S s` in the log, per second. */
function rateIn(node: TestServer, words: string): number {
  const text = new RegExp(`${words}.*?([\\d.]+) MiB in ([\\d.]+) s`).exec(node.process.stderr);
  return Number(text?.[1]) / Number(text?.[2]);
}

/** The latency of a load without and with snapshots, which the node writes without a pause. */
async function disturbance(name: string): Promise<readonly string[]> {
  const quiet: Measurement[] = [];
  const busy: Measurement[] = [];
  const load = loadOf(name);
  const alone = await start();
  await measure(alone, load, true, 1);
  for (let round = 0; round < ROUNDS; round++) quiet.push(await measure(alone, load, false));
  await alone.stop();
  const to = [
    '--snapshot-every',
    '1s',
    '--snapshot-keep',
    '1',
    '--snapshot-to',
    values.to ?? folder,
  ];
  const writing = await start(...to);
  await measure(writing, load, true, 1);
  for (let round = 0; round < ROUNDS; round++) busy.push(await measure(writing, load, false));
  await writing.stop();
  const rate = rateIn(writing, 'snapshot:');
  const p99 = (all: readonly Measurement[]) => all.map(({ p99us }) => `${p99us}`).join(', ');
  return [name, p99(quiet), p99(busy), rate.toFixed(0)];
}

/** Stops and starts a node that keeps its items. */
async function restart(): Promise<readonly string[]> {
  const file = join(folder, 'items');
  const first = await start('-e', file);
  await measure(first, loadOf('get'), true, 1);
  const stopped = performance.now();
  await first.stop();
  const second = await start('-e', file);
  const down = (performance.now() - stopped) / 1000;
  const out = rateIn(first, 'warm restart: wrote');
  const back = rateIn(second, 'warm restart:');
  await second.stop();
  return [out.toFixed(0), back.toFixed(0), down.toFixed(1)];
}

try {
  const restarts = [await restart()];
  const disturbed = [await disturbance('get'), await disturbance('pipelined')];
  const summary = [
    formatTable([['dump, MiB/s', 'restore, MiB/s', 'down, s'], ...restarts]),
    formatTable([
      ['load', 'p99 alone, µs', 'p99 with snapshots, µs', 'snapshots, MiB/s'],
      ...disturbed,
    ]),
  ].join('\n\n');
  console.log(summary);
  if (!values['no-record']) {
    const machine = describeMachine();
    const commands = [
      `slabring serve -m ${megabytes} -t 1, ${items} items of ${VALUE_BYTES} bytes`,
    ];
    console.log(await writeRecord({ machine, commands, summary, raw: { restarts, disturbed } }));
  }
} finally {
  await Promise.all(started.map((node) => node.stop()));
  await generator.remove();
  await rm(folder, { recursive: true, force: true });
}
