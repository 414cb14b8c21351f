import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { type Contender, contenders } from './contenders.ts';
import { DENSITY_VALUE_BYTES, type DensityRun, densityArgs, measureDensity } from './density.ts';
import { Generator, mcloadArgs } from './generator.ts';
import { DEFAULT_LOADS, DENSITY, loadNamed } from './loads.ts';
import { describeMachine } from './machine.ts';
import { writeRecord } from './record.ts';
import { measureSpeed, type SpeedPlan, type SpeedRun, serverArgs, stepsOf } from './speed.ts';
import { densityTable, formatTable, speedTable } from './summary.ts';

const HELP = `npm run bench -- [options]

Runs slabring and memcached in turns under one load generator and compares them.

  --loads LIST      ${DEFAULT_LOADS}
                    (default); also meta, density
  --rounds N        measurements of each load and server (default 3)
  --seconds N       duration of each measurement (default 3)
  --warm-up N       seconds of unmeasured load before each measurement (default 1)
  --threads LIST    threads of each server, such as 1,4 (default 1)
  --memcached PATH  another build to compare with; repeatable
  --build NAME=DIR  another checkout of slabring to compare with; may be given again
  --no-ours         measure only memcached (shows the noise if --memcached names the same build)
  --no-record       do not write benchmarks/runs/<date>-<machine>/
  --json            print the measurements instead of the table
`;

function commandLine() {
  const { values } = parseArgs({
    options: {
      loads: { type: 'string', default: DEFAULT_LOADS },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '1' },
      threads: { type: 'string', default: '1' },
      memcached: { type: 'string', multiple: true, default: [] },
      build: { type: 'string', multiple: true, default: [] },
      'no-ours': { type: 'boolean', default: false },
      'no-record': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

type CommandLine = ReturnType<typeof commandLine>;

function positiveNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} is "${text}"; it must be a number greater than 0.`);
  return value;
}

function planOf(line: CommandLine, all: readonly Contender[]): SpeedPlan {
  const names = line.loads.split(',').filter((name) => name !== DENSITY);
  return {
    contenders: all,
    loads: names.map(loadNamed),
    threads: line.threads.split(',').map((text) => positiveNumber('threads', text)),
    rounds: positiveNumber('rounds', line.rounds),
    seconds: positiveNumber('seconds', line.seconds),
    warmUpSeconds: positiveNumber('warm-up', line['warm-up']),
  };
}

interface Progress {
  step(text: string): void;
  end(): void;
}

/** Draws a bar on a terminal, and prints a line per measurement elsewhere; always on stderr. */
function progress(steps: number): Progress {
  return process.stderr.isTTY ? progressBar(steps) : progressLines(steps);
}

function progressBar(steps: number): Progress {
  const format = '{bar} {value}/{total} · {eta_formatted} left · {text}';
  const bar = new SingleBar(
    { format, stream: process.stderr, linewrap: true },
    Presets.shades_classic,
  );
  bar.start(steps, 0, { text: 'starting' });
  return { step: (text) => bar.increment({ text }), end: () => bar.stop() };
}

function progressLines(steps: number): Progress {
  let done = 0;
  return { step: (text) => console.error(`${++done}/${steps} ${text}`), end: () => {} };
}

async function measure(plan: SpeedPlan, withDensity: boolean) {
  const densities = withDensity ? plan.contenders.length * DENSITY_VALUE_BYTES.length : 0;
  const bar = progress(stepsOf(plan) + densities);
  const generator = await Generator.compile();
  try {
    const speed = await measureSpeed(plan, generator, (run) => bar.step(runText(run)));
    const onDensity = (run: DensityRun) =>
      bar.step(`${run.contender}: ${run.items} items of ${run.valueBytes} bytes`);
    const density = withDensity ? await measureDensity(plan.contenders, onDensity) : [];
    return { speed, density };
  } finally {
    bar.end();
    await generator.remove();
  }
}

function runText({ contender, threads, load, measurement }: SpeedRun): string {
  return `${contender} -t ${threads}, ${load}: ${measurement.cpuUsPerKey.toFixed(2)} µs/key`;
}

function commandsOf(plan: SpeedPlan, withDensity: boolean): string[] {
  const argLists = [
    ...(plan.loads.length > 0 ? plan.threads.map(serverArgs) : []),
    ...(withDensity ? [densityArgs] : []),
  ];
  const servers = argLists.flatMap((args) => plan.contenders.map((each) => each.command(args)));
  const loads = plan.loads.map((load) => `mcload ${mcloadArgs(load, plan.seconds).join(' ')}`);
  return [
    `npm run bench -- ${process.argv.slice(2).map(withoutFolder).join(' ')}`.trim(),
    ...servers,
    ...loads,
  ];
}

/** A record names the builds without their folders. */
const withoutFolder = (arg: string): string => arg.replace(/(^|=)\/.*\//, '$1');

async function main(): Promise<void> {
  const line = commandLine();
  if (line.help) return console.log(HELP);
  const all = contenders({
    includeSlabring: !line['no-ours'],
    builds: line.build,
    memcachedBinaries: line.memcached,
  });
  const plan = planOf(line, all);
  const withDensity = line.loads.split(',').includes(DENSITY);
  const { speed, density } = await measure(plan, withDensity);
  const base = all.find((each) => each.name.startsWith('memcached'))?.name ?? '';
  const tables = [
    ...(speed.length > 0 ? [formatTable(speedTable(speed, base))] : []),
    ...(density.length > 0 ? [formatTable(densityTable(density, base))] : []),
  ];
  const machine = describeMachine();
  const commands = commandsOf(plan, withDensity);
  const raw = { machine, commands, base, speed, density };
  console.log(line.json ? JSON.stringify(raw, undefined, 1) : tables.join('\n\n'));
  if (line['no-record']) return;
  const summary = `Ratios are to ${base}.\n\n${tables.join('\n\n')}`;
  console.error(`The record is in ${await writeRecord({ machine, commands, summary, raw })}`);
}

// The `exit` event ends the servers. A signal alone would skip this event, so Ctrl-C calls exit.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
await main();
