import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { findMemcached, memcachedVersion, startMemcached } from '../../test/support/memcached.ts';
import type { TestServer } from '../../test/support/server.ts';
import { LOAD_CORE, pinnedTo, SERVER_CORE } from '../macro/contenders.ts';
import { describeMachine } from '../macro/machine.ts';
import { keepRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';
import { CLIENT_NAMES, type ClientName, versionOf } from './drivers.ts';
import { LOADS } from './loads.ts';
import type { RunnerReport } from './runner.ts';
import { type ClientRun, heapTable, speedTable } from './table.ts';

const HELP = `npm run bench:clients -- [options]

Runs client libraries in turns against one memcached and compares them.

  --clients LIST  ${CLIENT_NAMES.join(',')}
                  (default: all)
  --loads LIST    ${LOADS.map(({ name }, at) => `${at}: ${name}`).join('\n                  ')}
                  (default: all)
  --rounds N      measurements of each, 3
  --seconds N     of each measurement, 3
  --warm-up N     seconds before each, 1
  --heap N        million gets of slabring, 64 at a time, with the heap before and after; 0
  --record        write benchmarks/runs/<date>-<machine>/
  --json          print the measurements instead of the tables
`;

const RUNNER = fileURLToPath(new URL('./runner.ts', import.meta.url));
/** Everything fits: what is measured is clients. */
const SERVER_ARGS = ['-m', '256', '-t', '1'] as const;

const run = promisify(execFile);

function commandLine() {
  const { values } = parseArgs({
    options: {
      clients: { type: 'string', default: CLIENT_NAMES.join(',') },
      loads: { type: 'string', default: LOADS.map((_, at) => at).join(',') },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
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
    if (known === undefined) throw new Error(`--clients: there is no client "${name}"`);
    return known;
  });
}

/** Each client in a fresh process on its own core; who goes first changes from round to round. */
async function measure(line: CommandLine, server: TestServer): Promise<readonly ClientRun[]> {
  const runs: ClientRun[] = [];
  const clients = clientsOf(line);
  for (let round = 1; round <= Number(line.rounds); round++) {
    for (const client of round % 2 === 0 ? clients.toReversed() : clients) {
      const report = await runOne(client, line, server.port, round);
      runs.push({ client, version: versionOf(client), round, ...report });
      console.error(`round ${round}: ${client}`);
    }
  }
  return runs;
}

async function runOne(
  client: ClientName,
  line: CommandLine,
  port: number,
  round: number,
): Promise<RunnerReport> {
  const [taskset, ...pinned] = [...pinnedTo(LOAD_CORE), process.execPath];
  const heapOperations = client === 'slabring' && round === 1 ? Number(line.heap) * 1e6 : 0;
  const args = [
    ...['--expose-gc', RUNNER, '--client', client, '--port', String(port)],
    ...['--loads', line.loads, '--seconds', line.seconds, '--warm-up', line['warm-up']],
    ...['--seed', String(round), '--heap-operations', String(heapOperations)],
  ];
  const { stdout } = await run(taskset!, [...pinned, ...args]);
  return JSON.parse(stdout) as RunnerReport;
}

async function main(): Promise<void> {
  const line = commandLine();
  if (line.help) return console.log(HELP);
  const binary = findMemcached();
  if (binary === undefined) throw new Error('there is no memcached on the PATH');
  const server = await startMemcached({ args: SERVER_ARGS, under: pinnedTo(SERVER_CORE) });
  const runs = await measure(line, server).finally(() => server.stop());
  const tables = [speedTable(runs), heapTable(runs)].filter((table) => table.length > 1);
  const text = tables.map(formatTable).join('\n\n');
  const machine = describeMachine();
  const memcached = `memcached ${memcachedVersion(binary)}`;
  const commands = [
    `npm run bench:clients -- ${process.argv.slice(2).join(' ')}`.trim(),
    `memcached ${SERVER_ARGS.join(' ')}`,
  ];
  console.log(line.json ? JSON.stringify({ machine, memcached, runs }, undefined, 1) : text);
  if (!line.record) return;
  const summary = `Clients against ${memcached}; ratios are to the best of the other clients.\n\n${text}`;
  console.error(
    `kept in ${await keepRecord({ machine, commands, summary, raw: { memcached, runs } })}`,
  );
}

// Ctrl-C ends the server too: it goes with the `exit` event, which a plain signal would skip.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
await main();
