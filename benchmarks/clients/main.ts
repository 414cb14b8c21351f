import { parseArgs } from 'node:util';
import { findMemcached, memcachedVersion, startMemcached } from '../../test/support/memcached.ts';
import { pinnedTo, SERVER_CORE } from '../macro/cores.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';
import { ClientProcess } from './client-process.ts';
import { CLIENT_NAMES, type ClientName, versionOf } from './drivers.ts';
import { LOADS } from './loads.ts';
import type { HeapReport } from './runner.ts';
import { type ClientRun, heapTable, speedTable } from './table.ts';

const HELP = `npm run bench:clients -- [options]

Measures client libraries alternately against one memcached and compares them.

  --clients LIST  ${CLIENT_NAMES.join(',')}
                  (default: all)
  --loads LIST    ${LOADS.map(({ name }, at) => `${at}: ${name}`).join('\n                  ')}
                  (default: all)
  --rounds N      measurements of each client at each load (default: 9)
  --seconds N     duration of each measurement (default: 0.5)
  --warm-up N     seconds before the first measurement (default: 1)
  --heap N        measure slabring's heap before and after N million gets, 64 at a time (default: 0)
  --record        write benchmarks/runs/<date>-<machine>/
  --json          print the measurements instead of the tables
`;

/** All items fit. No page moves: a page move can evict items that the benchmark reads. */
const SERVER_ARGS = ['-m', '256', '-t', '1', '-o', 'slab_automove=0'] as const;
const SEED = 1;

function commandLine() {
  const { values } = parseArgs({
    options: {
      clients: { type: 'string', default: CLIENT_NAMES.join(',') },
      loads: { type: 'string', default: LOADS.map((_, at) => at).join(',') },
      rounds: { type: 'string', default: '9' },
      seconds: { type: 'string', default: '0.5' },
      'warm-up': { type: 'string', default: '1' },
      heap: { type: 'string', default: '0' },
      record: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

type CommandLine = ReturnType<typeof commandLine>;

function clientsOf(line: CommandLine): readonly ClientName[] {
  return line.clients.split(',').map((name) => {
    const known = CLIENT_NAMES.find((each) => each === name);
    if (known === undefined) throw new Error(`--clients: unknown client "${name}"`);
    return known;
  });
}

/**
 * Measures the clients alternately in short turns, load by load, so that other activity of the
 * machine affects all clients alike. The order of the clients reverses every round.
 */
async function measure(
  line: CommandLine,
  clients: readonly ClientProcess[],
): Promise<readonly ClientRun[]> {
  const runs: ClientRun[] = [];
  for (const load of line.loads.split(',').map(Number)) {
    for (const client of clients) await client.measure(load, Number(line['warm-up']));
    for (let round = 1; round <= Number(line.rounds); round++) {
      for (const client of round % 2 === 0 ? clients.toReversed() : clients) {
        const measurement = await client.measure(load, Number(line.seconds));
        const { name } = client;
        runs.push({ client: name, version: versionOf(name), load, round, measurement });
      }
    }
    console.error(`measured: ${LOADS[load]!.name}`);
  }
  return runs;
}

async function heapOf(
  line: CommandLine,
  clients: readonly ClientProcess[],
): Promise<HeapReport | undefined> {
  const ours = clients.find(({ name }) => name === 'slabring');
  return line.heap === '0' ? undefined : ours?.heapAfter(Number(line.heap) * 1e6);
}

async function main(): Promise<void> {
  const line = commandLine();
  if (line.help) return console.log(HELP);
  const binary = findMemcached();
  if (binary === undefined) throw new Error('memcached is not on the PATH');
  const server = await startMemcached({ args: SERVER_ARGS, commandPrefix: pinnedTo(SERVER_CORE) });
  const clients: ClientProcess[] = [];
  try {
    for (const name of clientsOf(line)) {
      clients.push(await ClientProcess.start(name, server.port, SEED));
    }
    const runs = await measure(line, clients);
    await report(line, `memcached ${memcachedVersion(binary)}`, runs, await heapOf(line, clients));
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
    await server.stop();
  }
}

async function report(
  line: CommandLine,
  memcached: string,
  runs: readonly ClientRun[],
  heap: HeapReport | undefined,
): Promise<void> {
  const tables = [speedTable(runs), ...(heap === undefined ? [] : [heapTable(heap)])];
  const text = tables.map(formatTable).join('\n\n');
  const machine = describeMachine();
  const raw = { machine, memcached, runs, heap };
  console.log(line.json ? JSON.stringify(raw, undefined, 1) : text);
  if (!line.record) return;
  const commands = [
    `npm run bench:clients -- ${process.argv.slice(2).join(' ')}`.trim(),
    `memcached ${SERVER_ARGS.join(' ')}`,
  ];
  const heading = `Clients against ${memcached}; ratios are to the best of the other clients.`;
  const summary = `${heading}\n\n${text}`;
  const folder = await writeRecord({ machine, commands, summary, raw });
  console.error(`record written to ${folder}`);
}

// Exit on a signal, so that the `exit` event stops the server: a plain signal skips that event.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
await main();
