/**
 * Measures what a forwarded get costs: the CPU time of the node that forwards and of the primary,
 * beside a node alone, and beside nutcracker (Debian's twemproxy) in front of a node.
 * `node benchmarks/cluster/main.ts [--seconds 5] [--rounds 3] [--no-record]`
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findCommand } from '../../test/support/commands.ts';
import { LOAD_CORE, pinnedTo } from '../macro/cores.ts';
import type { Measurement } from '../macro/generator.ts';
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';
import { cpuUs } from './cpu-time.ts';
import { type Path, startAlone, startForwarding, startNutcracker } from './paths.ts';

const LOADS = {
  'one get per packet': ['-d', '1'],
  '20 gets per packet': ['-d', '20'],
  '50-key gets': ['-m', '50'],
};
type LoadName = keyof typeof LOADS;
const FILL_SECONDS = 1;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    'no-record': { type: 'boolean', default: false },
  },
});

/** One measurement of one path: CPU microseconds per key, of each process. */
interface Run {
  readonly path: string;
  readonly load: string;
  readonly cpuUsPerKey: readonly number[];
  readonly keysPerSecond: number;
}

const folder = mkdtempSync(join(tmpdir(), 'mcload-'));
const mcload = join(folder, 'mcload');
const source = fileURLToPath(new URL('../macro/mcload.c', import.meta.url));
execFileSync('cc', ['-O2', '-o', mcload, source, '-lm']);

function generate(args: readonly string[]): Measurement {
  const [command = '', ...pinned] = [...pinnedTo(LOAD_CORE), mcload, ...args];
  return JSON.parse(execFileSync(command, pinned).toString()) as Measurement;
}

function measure({ name, port, pids }: Path, load: LoadName): Run {
  const args = ['-p', String(port), '-c', '50', ...LOADS[load]];
  generate([...args, '-t', String(FILL_SECONDS), '-L']);
  const before = pids.map(cpuUs);
  const { keys, keysPerSecond } = generate([...args, '-t', values.seconds]);
  const cpuUsPerKey = pids.map((pid, nth) => (cpuUs(pid) - before[nth]!) / keys);
  console.error(`${name}, ${load}: ${cpuUsPerKey.map((us) => us.toFixed(2)).join(' + ')} µs/key`);
  return { path: name, load, cpuUsPerKey, keysPerSecond };
}

async function round(): Promise<readonly Run[]> {
  const starts = [startAlone, startForwarding];
  if (findCommand('nutcracker') !== undefined) starts.push(startNutcracker);
  const runs: Run[] = [];
  for (const start of starts) {
    const path = await start();
    for (const load of Object.keys(LOADS) as LoadName[]) runs.push(measure(path, load));
    await path.stop();
  }
  return runs;
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

function tableOf(runs: readonly Run[]) {
  const rows = new Map<string, Run[]>();
  for (const run of runs) {
    const key = `${run.load}|${run.path}`;
    rows.set(key, [...(rows.get(key) ?? []), run]);
  }
  const lines = [...rows].sort().map(([key, all]) => {
    const each = all[0]!.cpuUsPerKey.map((_, nth) =>
      median(all.map((run) => run.cpuUsPerKey[nth]!)),
    );
    const sum = each.reduce((total, us) => total + us, 0);
    const rate = Math.round(median(all.map((run) => run.keysPerSecond)));
    return [
      ...key.split('|'),
      each.map((us) => us.toFixed(2)).join(' + '),
      sum.toFixed(2),
      `${rate}`,
    ];
  });
  return [['load', 'path', 'µs per key: asked first + has the item', 'sum', 'keys/s'], ...lines];
}

const runs: Run[] = [];
for (let nth = 0; nth < Number(values.rounds); nth++) runs.push(...(await round()));
rmSync(folder, { recursive: true });
const summary = `CPU time (user and system) of each process, medians of ${values.rounds} rounds.
All servers share one core, and have one worker thread each.

${formatTable(tableOf(runs))}`;
console.log(summary);
if (!values['no-record']) {
  const commands = ['node benchmarks/cluster/main.ts'];
  const record = { machine: describeMachine(), commands, summary, raw: runs };
  console.error(`The record is in ${await writeRecord(record)}`);
}
