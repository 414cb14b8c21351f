import { parseArgs } from 'node:util';
import { type Contender, MEMCACHED_VARIABLE } from './contenders.ts';
import { ALL, DEFAULT_LOADS, DENSITY, LOADS, loadsNamed, mcloadArgs } from './loads.ts';
import { type SpeedPlan, serverArgs } from './speed.ts';

const NAME_WIDTH = Math.max(...LOADS.map(({ name }) => name.length));
const loadList = LOADS.map(({ name, description, goal }) => {
  const suffix = goal === undefined ? '' : ` (goal ≤ ${goal.toFixed(2)})`;
  return `  ${name.padEnd(NAME_WIDTH)}  ${description}${suffix}`;
}).join('\n');

export const HELP = `npm run bench -- [options]

Runs slabring and memcached in turns under one load generator and compares them.

  --loads LIST      names from the list below (default: the loads with a goal), ${ALL} of it,
                    and ${DENSITY}: the number of items that a given memory holds
  --rounds N        measurements of each load and server (default 3)
  --seconds N       duration of each measurement (default 3)
  --warm-up N       seconds of unmeasured load before each measurement (default 1)
  --threads LIST    threads of each server, such as 1,2,4 (default 1)
  --memcached PATH  another build to compare with; repeatable. The variable ${MEMCACHED_VARIABLE}
                    names one more, such as the newest version
  --build NAME=DIR  another checkout of slabring to compare with; may be given again
  --variant ARGS    also a node with more arguments, as --variant='-o no_fast_path'; repeatable
  --no-ours         measure only memcached (shows the noise if --memcached names the same build)
  --no-record       do not write benchmarks/runs/<date>-<machine>/
  --json            print the measurements instead of the table

Loads:

${loadList}
`;

export function commandLine() {
  const { values } = parseArgs({
    options: {
      loads: { type: 'string', default: DEFAULT_LOADS },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '1' },
      threads: { type: 'string', default: '1' },
      memcached: { type: 'string', multiple: true, default: [] },
      variant: { type: 'string', multiple: true, default: [] },
      build: { type: 'string', multiple: true, default: [] },
      'no-ours': { type: 'boolean', default: false },
      'no-record': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

export type CommandLine = ReturnType<typeof commandLine>;

function positiveNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} is "${text}"; it must be a number greater than 0.`);
  return value;
}

export function planOf(line: CommandLine, all: readonly Contender[]): SpeedPlan {
  return {
    contenders: all,
    loads: loadsNamed(line.loads),
    threads: line.threads.split(',').map((text) => positiveNumber('threads', text)),
    rounds: positiveNumber('rounds', line.rounds),
    seconds: positiveNumber('seconds', line.seconds),
    warmUpSeconds: positiveNumber('warm-up', line['warm-up']),
  };
}

/** The commands of a run, as a reader would type them; comments name the servers. */
export function commandsOf(
  plan: SpeedPlan,
  withDensity: readonly (readonly string[])[],
): readonly string[] {
  const { contenders, threads, loads, seconds } = plan;
  const memories = new Set(loads.map((load) => load.memoryMegabytes));
  const argLists = [
    ...threads.flatMap((count) => [...memories].map((memory) => serverArgs(count, memory))),
    ...withDensity,
  ];
  const servers = argLists.flatMap((args) =>
    contenders.map((each) => `${each.command(args)} # ${each.name}`),
  );
  return [
    `npm run bench -- ${process.argv.slice(2).map(shown).join(' ')}`.trim(),
    ...servers,
    ...loads.map((load) => `mcload ${mcloadArgs(load, seconds).join(' ')} # ${load.name}`),
  ];
}

/** A record names the builds without their folders. */
function shown(arg: string): string {
  const text = arg.replace(/(^|=)\/.*\//, '$1');
  return text.includes(' ') ? `'${text}'` : text;
}
