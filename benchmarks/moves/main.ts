/** `node benchmarks/moves/main.ts --help`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeNodes, type Move } from '../../test/support/cluster-change.ts';
import type { TestServer } from '../../test/support/server.ts';
import { LOAD_CORE } from '../macro/cores.ts';
import { fullNode } from '../macro/full-node.ts';
import { Generator, type Measurement } from '../macro/generator.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';
import { socketOf, startOnOneCore } from './cluster.ts';
import { commandLine } from './command-line.ts';

const MB = 1e6;
/** The load during a change is measured in windows of this length. */
const WINDOW_SECONDS = 0.5;
const VALUES = [
  { bytes: 100, items: 1_000_000 },
  { bytes: 4096, items: 160_000 },
];
/** A node that joins has three sources, one that leaves is the only one. */
const CHANGES = [
  { action: 'add', node: undefined, sources: 3 },
  { action: 'remove', node: 'node-4', sources: 1 },
] as const;

interface Row extends Move {
  readonly valueBytes: number;
  readonly action: string;
  readonly sources: number;
  readonly before: Measurement;
  readonly during: readonly Measurement[];
  readonly after: Measurement;
}

const line = commandLine();
const generator = await Generator.compile();

async function measure(items: number, valueBytes: number, rate: number, seconds: number) {
  const folder = await mkdtemp(join(tmpdir(), 'slabring-moves-'));
  const { megabytes, load } = fullNode(items, valueBytes);
  const cluster = await startOnOneCore(folder, megabytes);
  const rows: Row[] = [];
  try {
    const { port, pid } = cluster.rows[0]!;
    const server = { host: '127.0.0.1', port, pid } as TestServer;
    const ask = (time: number, args = `-d 1 -r ${rate}`, fill = false): Promise<Measurement> =>
      generator.run(server, load(args), { seconds: time, seed: 1, fill, core: LOAD_CORE });
    await ask(1, '-d 20', true);
    for (const { action, node, sources } of CHANGES) {
      const before = await ask(seconds);
      const during: Measurement[] = [];
      let isOver = false;
      const moving = changeNodes(socketOf(folder), { action, node }).finally(() => {
        isOver = true;
      });
      while (!isOver) during.push(await ask(WINDOW_SECONDS));
      const [move] = await moving;
      const after = await ask(seconds);
      rows.push({ valueBytes, action, sources, ...move!, before, during, after });
    }
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return rows;
}

const percentiles = ({ p50us, p99us }: Measurement): string => `${p50us} / ${p99us}`;

/** The window with the highest p99. */
const worst = (all: readonly Measurement[]): Measurement =>
  all.reduce((one, other) => (other.p99us > one.p99us ? other : one));

function cells(row: Row): readonly string[] {
  const { valueBytes, action, sources, keys, bytes, seconds, before, during, after } = row;
  const misses = [before, ...during, after].reduce((sum, each) => sum + each.misses, 0);
  const sorted = during.toSorted((one, other) => one.p99us - other.p99us);
  return [
    `${valueBytes}`,
    action,
    seconds.toFixed(1),
    (keys / seconds / sources).toFixed(0),
    (bytes / seconds / sources / MB).toFixed(1),
    percentiles(before),
    percentiles(sorted[Math.floor(sorted.length / 2)]!),
    percentiles(worst(during)),
    percentiles(after),
    `${misses}`,
  ];
}

const HEAD = [
  ...['value', 'change', 'moved in, s', 'keys/s and source', 'MB/s and source'],
  ...['before', 'during, median', 'during, worst', 'after', 'misses'],
];

try {
  if (line !== undefined) {
    const rows: Row[] = [];
    for (const { bytes, items } of VALUES) {
      const count = Math.round(items * line.scale);
      rows.push(...(await measure(count, bytes, line.rate, line.seconds)));
    }
    const summary = `Gets at ${line.rate}/s to one node of three; p50 / p99 in µs.
During a change, which includes the start or the end of a process on the same core, each window has
${WINDOW_SECONDS} s.

${formatTable([HEAD, ...rows.map(cells)])}`;
    console.log(summary);
    if (line.isRecorded) {
      const commands = [['node benchmarks/moves/main.ts', ...process.argv.slice(2)].join(' ')];
      const record = { machine: describeMachine(), commands, summary, raw: rows };
      console.error(`The record is in ${await writeRecord(record)}`);
    }
  }
} finally {
  await generator.remove();
}
