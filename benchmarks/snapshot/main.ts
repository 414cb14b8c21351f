/**
 * Measures snapshots of a node with 1 GiB of 1 KiB items: the rates of dumps and restores, how long
 * a warm restart takes, and the latency of other clients and the memory of the node in the
 * meantime.
 * `node benchmarks/snapshot/main.ts [--items 1000000] [--seconds 10] [--only rates|latency]
 *  [--no-record]`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { adminUrl } from '../../test/support/admin-url.ts';
import type { TestServer } from '../../test/support/server.ts';
import { LOAD_CORE, pinnedTo, SERVER_CORE } from '../macro/cores.ts';
import { fullNode } from '../macro/full-node.ts';
import { Generator, type Measurement } from '../macro/generator.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';
import { type On, repeat, slabring, startNode, watchMemory } from './node.ts';

const VALUE_BYTES = 1024;
const KEY_BYTES = 14;
const ROUNDS = 3;
const MB = 1e6;

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '10' },
    only: { type: 'string', default: '' },
    'no-record': { type: 'boolean', default: false },
  },
});
const items = Number(values.items);
const seconds = Number(values.seconds);
const { megabytes, load } = fullNode(items, VALUE_BYTES);
/** Keys and values. */
const megabytesOfItems = (items * (VALUE_BYTES + KEY_BYTES)) / MB;

/** What other clients do: `-r` starts so many batches each second, also if the node is late. */
const CLIENTS: readonly (readonly [string, string])[] = [
  ['2000 gets/s', '-d 1 -r 2000'],
  ['40,000 gets/s, pipelined', '-d 20 -r 2000'],
  ['pipelined gets, 10 % sets, as fast as the node replies', '-d 20 -s 10'],
];

const folder = await mkdtemp(join(tmpdir(), 'slabring-snapshot-'));
const file = join(folder, 'items.snapshot');
const generator = await Generator.compile();
const started: TestServer[] = [];

async function start(...args: string[]): Promise<TestServer> {
  return startOn([], ...args);
}

async function startOn(on: On, ...args: string[]): Promise<TestServer> {
  const node = await startNode(megabytes, on, ...args);
  started.push(node);
  return node;
}

const measure = (node: TestServer, args: string, fill = false, time = seconds) =>
  generator.run(node, load(args), { seconds: time, seed: 1, fill, core: LOAD_CORE });

/** The rates of the verbs with one node, and of the file of a warm restart. */
async function rates(): Promise<readonly (readonly string[])[]> {
  const source = await start('-e', join(folder, 'warm'));
  await measure(source, '-d 1', true, 1);
  const rows: string[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const target = await start();
    const dumped = await slabring<{ seconds: number }>(
      [],
      'dump',
      file,
      '--admin',
      adminUrl(source),
    );
    const args = ['restore', file, '--admin', adminUrl(target)];
    const { nodes } = await slabring<{ nodes: [{ seconds: number }] }>([], ...args);
    const both = [dumped.seconds, nodes[0].seconds];
    rows.push(both.map((time) => (megabytesOfItems / time).toFixed(0)));
    await target.stop();
  }
  const stopped = performance.now();
  await source.stop();
  const again = await start('-e', join(folder, 'warm'));
  const down = ((performance.now() - stopped) / 1000).toFixed(1);
  await again.stop();
  return rows.map((row, nth) => [...row, nth === 0 ? down : '']);
}

/**
 * The latency of each load alone, during dumps and during restores, in turn. The node and the verbs
 * share one core, so that the generator, on the other one, waits for nobody.
 */
async function latencies(): Promise<readonly (readonly string[])[]> {
  const on = pinnedTo(SERVER_CORE);
  const node = await startOn(on);
  await measure(node, '-d 1', true, 1);
  const admin = ['--admin', adminUrl(node)];
  await slabring([], 'dump', file, ...admin);
  const rows: string[][] = [];
  for (const [name, args] of CLIENTS) {
    const alone: Measurement[] = [];
    const dumps: Measurement[] = [];
    const restores: Measurement[] = [];
    let grown = 0;
    let slowest = 0;
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(await measure(node, args));
      for (const [verb, into] of [
        [['dump', join(folder, 'again')], dumps],
        [['restore', file, '--replace'], restores],
      ] as const) {
        const memory = watchMemory(node.pid!);
        const running = repeat(on, ...verb, ...admin);
        into.push(await measure(node, args));
        slowest = Math.max(slowest, ...(await running.stop()));
        grown = Math.max(grown, memory.stop());
      }
    }
    const p99 = (all: readonly Measurement[]) => all.map(({ p99us }) => `${p99us}`).join(', ');
    rows.push([name, p99(alone), p99(dumps), p99(restores), slowest.toFixed(1), grown.toFixed(0)]);
  }
  await node.stop();
  return rows;
}

try {
  const rateRows = values.only === 'latency' ? [] : await rates();
  const latencyRows = values.only === 'rates' ? [] : await latencies();
  const summary = [
    `${items} items: ${megabytesOfItems.toFixed(0)} MB of keys and values.`,
    formatTable([['dump, MB/s', 'restore, MB/s', 'down for a warm restart, s'], ...rateRows]),
    formatTable([
      [
        ...['clients', 'p99 alone, µs', 'p99 with dumps, µs', 'p99 with restores, µs'],
        ...['the slowest of them, s', 'RSS, MiB more'],
      ],
      ...latencyRows,
    ]),
  ].join('\n\n');
  console.log(summary);
  if (!values['no-record']) {
    const machine = describeMachine();
    const commands = [
      `slabring serve -m ${megabytes} -t 1, ${items} items of ${VALUE_BYTES} bytes`,
      'slabring dump FILE --admin URL; slabring restore FILE --admin URL',
      ...CLIENTS.map(([, args]) => `mcload -c 50 ${args}`),
    ];
    console.log(await writeRecord({ machine, commands, summary, raw: { rateRows, latencyRows } }));
  }
} finally {
  await Promise.all(started.map((node) => node.stop()));
  await generator.remove();
  await rm(folder, { recursive: true, force: true });
}
