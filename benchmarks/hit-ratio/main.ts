import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { type Contender, contenders } from '../macro/contenders.ts';
import { describeMachine } from '../macro/machine.ts';
import { formatTable } from '../macro/summary.ts';
import { type HitRatioRun, measure, serverArgs } from './measure.ts';
import { keepHitRatios } from './record.ts';
import { hitRatioTable } from './summary.ts';
import { WORKLOAD_NAMES, type Workload, workloads } from './workloads.ts';

const HELP = `npm run bench:hit-ratio -- [options]

Replays requests cache-aside against slabring and memcached with the same memory and compares how
many miss.

  --traces DIR        the folder of the key traces; without it their rows are left out
  --workloads LIST    ${WORKLOAD_NAMES.join(',')}
                      (default: all of them)
  --memory N          -m of every row, instead of each workload's own
  --rate N            at most this many requests a second, instead of as many as can be
  --contenders LIST   ours,memcached (default)
  --node-args ARGS    more arguments of our node, such as '-f 1.1'; may be given again, each
                      is one more contender
  --memcached PATH    another build to compare with; may be given again
  --quick             only the least memory of each row, a third of the generated requests
  --record            write benchmarks/runs/<date>-<machine>/hit-ratio.{json,md}
  --json              print the measurements instead of the table
`;

/** A value that begins with a dash, such as `--node-args '-f 1.1'`, needs the equals sign. */
function joinedNodeArgs(argv: readonly string[]): string[] {
  return argv.flatMap((arg, i) => {
    if (argv[i - 1] === '--node-args') return [];
    return arg === '--node-args' ? [`${arg}=${argv[i + 1] ?? ''}`] : [arg];
  });
}

function commandLine() {
  const { values } = parseArgs({
    args: joinedNodeArgs(process.argv.slice(2)),
    options: {
      traces: { type: 'string' },
      workloads: { type: 'string' },
      memory: { type: 'string' },
      rate: { type: 'string' },
      contenders: { type: 'string', default: 'ours,memcached' },
      'node-args': { type: 'string', multiple: true, default: [''] },
      memcached: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

type CommandLine = ReturnType<typeof commandLine>;

function chosenContenders(line: CommandLine): readonly Contender[] {
  const kinds = line.contenders.split(',');
  const unknown = kinds.find((kind) => kind !== 'ours' && kind !== 'memcached');
  if (unknown !== undefined) throw new Error(`there is no contender "${unknown}"`);
  const [ours, ...theirs] = contenders({ ours: true, memcachedBinaries: line.memcached });
  const variants = line['node-args'].map((args) => withArgs(ours!, words(args)));
  return [
    ...(kinds.includes('ours') ? variants : []),
    ...(kinds.includes('memcached') ? theirs : []),
  ];
}

const words = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '');

/** The same contender, started with more arguments and named after them. */
function withArgs(contender: Contender, more: readonly string[]): Contender {
  return {
    name: [contender.name, ...more].join(' '),
    command: (args) => contender.command([...args, ...more]),
    start: (args) => contender.start([...args, ...more]),
  };
}

function positive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} is "${text}"; it must be a number over 0`);
  return value;
}

function chosenNames(list: string | undefined): readonly string[] | undefined {
  const names = list?.split(',');
  const unknown = names?.find((name) => !WORKLOAD_NAMES.includes(name));
  if (unknown === undefined) return names;
  throw new Error(`there is no workload "${unknown}"; known are ${WORKLOAD_NAMES.join(', ')}`);
}

function* chosenWorkloads(line: CommandLine): Generator<Workload> {
  const memory = positive('memory', line.memory);
  const rate = positive('rate', line.rate);
  const only = chosenNames(line.workloads);
  for (const workload of workloads({ traces: line.traces, quick: line.quick, only })) {
    const memories = memory === undefined ? {} : { memoriesMegabytes: [memory] };
    yield { ...workload, ...memories, ...(rate === undefined ? {} : { rate }) };
  }
}

/** A bar on a terminal for each replay, and a line when it is done; always on stderr. */
async function shown(
  contender: Contender,
  workload: Workload,
  memory: number,
): Promise<HitRatioRun> {
  const what = `${workload.name} -m ${memory}, ${contender.name}`;
  const format = '{bar} {percentage} % · {eta_formatted} left · {what}';
  const bar = process.stderr.isTTY
    ? new SingleBar({ format, stream: process.stderr, clearOnComplete: true }, Presets.rect)
    : undefined;
  bar?.start(workload.requests.length, 0, { what });
  const run = await measure(contender, workload, memory, (requests) => bar?.update(requests));
  bar?.stop();
  console.error(`${what}: ${(run.missRatio * 100).toFixed(2)} % missed, ${run.seconds} s`);
  return run;
}

async function measureAll(line: CommandLine, field: readonly Contender[]) {
  const runs: HitRatioRun[] = [];
  for (const workload of chosenWorkloads(line)) {
    for (const memory of workload.memoriesMegabytes) {
      for (const contender of field) runs.push(await shown(contender, workload, memory));
    }
  }
  return runs;
}

function commandsOf(field: readonly Contender[], runs: readonly HitRatioRun[]): readonly string[] {
  const memories = new Set(runs.map((run) => run.memoryMegabytes));
  const servers = [...memories].flatMap((m) => field.map((each) => each.command(serverArgs(m))));
  const typed = process.argv.slice(2).map(withoutFolders).map(quoted);
  return [`npm run bench:hit-ratio -- ${typed.join(' ')}`.trim(), ...servers];
}

/** A record says what was compared, not where it lay. */
const withoutFolders = (arg: string): string => arg.replace(/^\/.*\//, '');
const quoted = (arg: string): string => (/^[\w.,=/-]+$/.test(arg) ? arg : `'${arg}'`);

async function main(): Promise<void> {
  const line = commandLine();
  if (line.help) return console.log(HELP);
  const field = chosenContenders(line);
  const runs = await measureAll(line, field);
  const base = field.find((each) => each.name.startsWith('memcached'))?.name ?? '';
  const table = formatTable(hitRatioTable(runs, base));
  const machine = describeMachine();
  const commands = commandsOf(field, runs);
  const raw = { machine, commands, base, runs };
  console.log(line.json ? JSON.stringify(raw, undefined, 1) : table);
  if (!line.record) return;
  console.error(`kept in ${await keepHitRatios({ machine, commands, table, raw })}`);
}

// Ctrl-C ends the servers too: they go with the `exit` event, which a plain signal would skip.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
await main();
