/**
 * Compares the latencies that a node measures of itself with those that its system calls show:
 * strace watches the node under load, from the read of a request to the write of its reply. strace
 * makes each call slower, for both observers alike, so the figures are no speeds of a node.
 * `node benchmarks/latency/main.ts [--seconds N] [--no-record]`
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSlabring } from '../../test/support/node-process.ts';
import type { TestServer } from '../../test/support/server.ts';
import { statsOf } from '../../test/support/stats.ts';
import { waitUntil } from '../../test/support/wait.ts';
import { LOAD_CORE, pinnedTo, SERVER_CORE } from '../macro/cores.ts';
import { Generator } from '../macro/generator.ts';
import { type Load, mcloadArgs } from '../macro/loads.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';
import { sendLongGets } from './long-gets.ts';
import { latenciesOf, quantileOf } from './system-calls.ts';

const READ_BUFFER_BYTES = 65_536;
const US_PER_SECOND = 1e6;
const NODE_ARGS = ['-m', '1024', '-t', '1', '-R', '1000'];
const QUANTILES = { p50: 0.5, p99: 0.99 } as const;

const gets = (name: string, args: string, valueBytes = 100): Load => ({
  name,
  description: name,
  args: args.split(' '),
  keySpace: 10_000,
  loadedKeys: 10_000,
  valueBytes,
  memoryMegabytes: 1024,
  hitRatio: 1,
  storesNewKeys: false,
  evicts: false,
});
const LOADS: readonly Load[] = [
  gets('one get in a packet', '-d 1'),
  gets('one get of 4000 bytes', '-d 1', 4000),
  gets('20 gets in a packet', '-d 20'),
  gets('50-key gets', '-m 50'),
  gets('100-key gets of 4000 bytes', '-m 100', 4000),
  gets('20 meta gets in a packet', '-P meta -d 20'),
];

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    'no-record': { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);

interface Comparison {
  readonly load: string;
  readonly requests: number;
  readonly quantiles: Readonly<Record<string, { readonly node: number; readonly calls: number }>>;
}

/** strace on all threads of the node, until `stop`; returns its log. */
async function trace(node: TestServer, folder: string) {
  const path = join(folder, 'calls');
  const args = ['-f', '-ttt', '-T', '-s', '0', '-e', 'trace=read,write', '-o', path];
  const [command = '', ...pinned] = [...pinnedTo(LOAD_CORE), 'strace', ...args];
  const strace: ChildProcess = spawn(command, [...pinned, '-p', String(node.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  strace.stderr!.on('data', (chunk) => {
    said += chunk;
  });
  const exited = new Promise<void>((resolve) => strace.once('close', () => resolve()));
  await waitUntil('strace is attached', () => said.includes('attached'));
  return async (): Promise<string> => {
    strace.kill('SIGINT');
    await exited;
    return readFile(path, 'latin1');
  };
}

/** Runs a load for some seconds. */
interface NamedLoad {
  readonly name: string;
  readonly run: (node: TestServer, seconds: number, isFirst: boolean) => Promise<unknown>;
}

async function compare({ name: load, run }: NamedLoad, folder: string): Promise<Comparison> {
  const node = await startSlabring({ args: NODE_ARGS, commandPrefix: pinnedTo(SERVER_CORE) });
  try {
    await run(node, 1, true);
    const stop = await trace(node, folder);
    await statsOf(node, 'reset');
    await run(node, seconds, false);
    const log = await stop();
    const stats = await statsOf(node, 'latency');
    const calls = latenciesOf(log, READ_BUFFER_BYTES);
    const quantiles = Object.entries(QUANTILES).map(([name, share]) => [
      name,
      {
        node: stats.get(`all:${name}_us`)!,
        calls: quantileOf(calls, share) * US_PER_SECOND,
      },
    ]);
    return { load, requests: calls.length, quantiles: Object.fromEntries(quantiles) };
  } finally {
    await node.stop();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'latency-'));
const generator = await Generator.compile();
const loads: readonly NamedLoad[] = [
  { name: 'gets of 1 to 2000 missing keys', run: sendLongGets },
  ...LOADS.map((load) => ({
    name: load.name,
    run: (node: TestServer, duration: number, fill: boolean) =>
      generator.run(node, load, { seed: 1, core: LOAD_CORE, seconds: duration, fill }),
  })),
];
// The load of this process is beside that of mcload.
execFileSync('taskset', ['-cp', String(LOAD_CORE), String(process.pid)]);
const results: Comparison[] = [];
try {
  for (const load of loads) results.push(await compare(load, folder));
} finally {
  await generator.remove();
  await rm(folder, { recursive: true });
}

const rows = results.map(({ load, requests, quantiles }) => [
  load,
  String(requests),
  ...Object.values(quantiles).flatMap(({ node, calls }) => [
    node.toFixed(1),
    calls.toFixed(1),
    (node / calls).toFixed(2),
  ]),
]);
const head = Object.keys(QUANTILES).flatMap((name) => [`${name} node`, 'calls', 'ratio']);
const summary = formatTable([['load', 'reads', ...head], ...rows]);
console.log(summary);
if (!values['no-record']) {
  const commands = [
    `node benchmarks/latency/main.ts --seconds ${seconds}`,
    `slabring serve ${NODE_ARGS.join(' ')}`,
    ...LOADS.map((load) => `mcload ${mcloadArgs(load, seconds).join(' ')}`),
  ];
  const machine = describeMachine();
  console.error(
    `The record is in ${await writeRecord({ machine, commands, summary, raw: results })}`,
  );
}
