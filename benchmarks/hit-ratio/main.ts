import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { type Contender, contenders, withArgs, words } from '../macro/contenders.ts';
import { describeMachine } from '../macro/machine.ts';
import { formatTable } from '../macro/summary.ts';
import { type HitRatioRun, measure, serverArgs } from './measure.ts';
import { writeHitRatios } from './record.ts';
import { hitRatioTable } from './summary.ts';
import { WORKLOAD_NAMES, type Workload, workloads } from './workloads.ts';

const HELP = `npm run bench:hit-ratio -- [options]

Replays requests cache-aside against slabring and memcached with the same memory and compares their
miss ratios.

  --traces DIR        the folder of the key traces; without it the table has no rows for them
  --workloads LIST    ${WORKLOAD_NAMES.join(',')}
                      (default: all of them)
  --memory N          -m of every row, instead of each workload's own
  --rate N            at most this many requests a second, instead of as many as possible
  --contenders LIST   ours,memcached (default)
  --node-args ARGS    more arguments of our node, such as '-f 1.1'; each repetition adds a
                      contender
  --memcached PATH    another build to compare with; repeatable
  --quick             only the smallest memory of each workload, a third of the generated requests
  --record            write benchmarks/runs/<date>-<machine>/hit-ratio.{json,md}
  --json              print the measurements instead of the table
`;

/**
 * `parseArgs` needs an equals sign before a value that starts with a dash (`--node-args '-f 1.1'`).
 */
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

function chosenContenders(args: CommandLine): readonly Contender[] {
  const kinds = args.contenders.split(',');
  const unknown = kinds.find((kind) => kind !== 'ours' && kind !== 'memcached');
  if (unknown !== undefined)
    throw new Error(`--contenders has "${unknown}"; known are ours and memcached`);
  const [ours, ...theirs] = contenders({
    includeSlabring: true,
    builds: [],
    memcachedBinaries: args.memcached,
  });
  const variants = args['node-args'].map((more) => withArgs(ours!, words(more)));
  return [
    ...(kinds.includes('ours') ? variants : []),
    ...(kinds.includes('memcached') ? theirs : []),
  ];
}

function positive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} is "${text}"; it must be a number above 0`);
  return value;
}

function chosenNames(list: string | undefined): readonly string[] | undefined {
  const names = list?.split(',');
  const unknown = names?.find((name) => !WORKLOAD_NAMES.includes(name));
  if (unknown === undefined) return names;
  throw new Error(`--workloads has "${unknown}"; known are ${WORKLOAD_NAMES.join(', ')}`);
}

function* chosenWorkloads(args: CommandLine): Generator<Workload> {
  const memory = positive('memory', args.memory);
  const rate = positive('rate', args.rate);
  const only = chosenNames(args.workloads);
  for (const workload of workloads({ traces: args.traces, quick: args.quick, only })) {
    const memories = memory === undefined ? {} : { memoriesMegabytes: [memory] };
    yield { ...workload, ...memories, ...(rate === undefined ? {} : { rate }) };
  }
}

/** Measures one replay. On stderr it shows a progress bar (on a terminal) and a result line. */
async function measureWithProgress(
  contender: Contender,
  workload: Workload,
  memory: number,
): Promise<HitRatioRun> {
  const what = `${workload.name} -m ${memory}, ${contender.name}`;
  const format = '{bar} {percentage} % · {eta_formatted} left · {what}';
  const bar = process.stderr.isTTY
    ? new SingleBar(
        { format, stream: process.stderr, clearOnComplete: true, linewrap: true },
        Presets.rect,
      )
    : undefined;
  bar?.start(workload.requests.length, 0, { what });
  const run = await measure(contender, workload, memory, (requests) => bar?.update(requests));
  bar?.stop();
  console.error(`${what}: ${(run.missRatio * 100).toFixed(2)} % missed, ${run.seconds} s`);
  return run;
}

async function measureAll(args: CommandLine, chosen: readonly Contender[]) {
  const runs: HitRatioRun[] = [];
  for (const workload of chosenWorkloads(args)) {
    for (const memory of workload.memoriesMegabytes) {
      for (const contender of chosen)
        runs.push(await measureWithProgress(contender, workload, memory));
    }
  }
  return runs;
}

function commandsOf(chosen: readonly Contender[], runs: readonly HitRatioRun[]): readonly string[] {
  const memories = new Set(runs.map((run) => run.memoryMegabytes));
  const servers = [...memories].flatMap((m) => chosen.map((each) => each.command(serverArgs(m))));
  const givenArgs = process.argv.slice(2).map(withoutFolders).map(quoted);
  return [`npm run bench:hit-ratio -- ${givenArgs.join(' ')}`.trim(), ...servers];
}

/** A record names what was compared, without the folders of this machine. */
const withoutFolders = (arg: string): string => arg.replace(/^\/.*\//, '');
const quoted = (arg: string): string => (/^[\w.,=/-]+$/.test(arg) ? arg : `'${arg}'`);

async function main(): Promise<void> {
  const args = commandLine();
  if (args.help) return console.log(HELP);
  const chosen = chosenContenders(args);
  const runs = await measureAll(args, chosen);
  const base = chosen.find((each) => each.name.startsWith('memcached'))?.name ?? '';
  const table = formatTable(hitRatioTable(runs, base));
  const machine = describeMachine();
  const commands = commandsOf(chosen, runs);
  const raw = { machine, commands, base, runs };
  console.log(args.json ? JSON.stringify(raw, undefined, 1) : table);
  if (!args.record) return;
  console.error(`recorded in ${await writeHitRatios({ machine, commands, table, raw })}`);
}

// Ctrl-C must end the servers, too: the `exit` event ends them, and a plain signal would skip it.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
await main();
