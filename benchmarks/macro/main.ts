import { Presets, SingleBar } from 'cli-progress';
import { commandLine, commandsOf, HELP, planOf } from './command-line.ts';
import { contenders, isMemcached, namedMemcacheds } from './contenders.ts';
import { DENSITY_VALUE_BYTES, type DensityRun, densityArgs, measureDensity } from './density.ts';
import { Generator } from './generator.ts';
import { DENSITY } from './loads.ts';
import { describeMachine } from './machine.ts';
import { writeRecord } from './record.ts';
import { measureSpeed, type SpeedPlan, type SpeedRun, stepsOf } from './speed.ts';
import { densityTable, formatTable, speedTable } from './summary.ts';

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

const RATIOS = `Ratios of CPU time are to the better memcached of each load and number of threads,
with the least and the greatest ratio of one round. Ratios of items are to the first memcached.`;

async function main(): Promise<void> {
  const line = commandLine();
  if (line.help) return console.log(HELP);
  const all = contenders({
    includeSlabring: !line['no-ours'],
    builds: line.build,
    variants: line.variant,
    memcachedBinaries: namedMemcacheds(line.memcached, process.env),
  });
  const plan = planOf(line, all);
  const withDensity = line.loads.split(',').includes(DENSITY);
  const { speed, density } = await measure(plan, withDensity);
  const base = all.find((each) => isMemcached(each.name))?.name ?? '';
  const tables = [
    ...(speed.length > 0 ? [formatTable(speedTable(speed))] : []),
    ...(density.length > 0 ? [formatTable(densityTable(density, base))] : []),
  ];
  const machine = describeMachine();
  const commands = commandsOf(plan, withDensity ? [densityArgs] : []);
  const raw = { machine, commands, base, speed, density };
  console.log(line.json ? JSON.stringify(raw, undefined, 1) : tables.join('\n\n'));
  if (line['no-record']) return;
  const summary = `${RATIOS}\n\n${tables.join('\n\n')}`;
  console.error(`The record is in ${await writeRecord({ machine, commands, summary, raw })}`);
}

// The `exit` event ends the servers. A signal alone would skip this event, so Ctrl-C calls exit.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
await main();
