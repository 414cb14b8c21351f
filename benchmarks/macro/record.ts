import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.ts';

const RUNS = fileURLToPath(new URL('../runs/', import.meta.url));
const RUNS_PER_DAY_MAX = 100;

/** What a run folder keeps. */
export interface Record {
  readonly machine: Machine;
  /** What was run, as a reader would type it. */
  readonly commands: readonly string[];
  readonly summary: string;
  readonly raw: unknown;
}

/** Writes `benchmarks/runs/<date>-<machine>/`; a second run on a day gets `-2`. Returns the folder's name. */
export async function keepRecord(record: Record, today = new Date()): Promise<string> {
  const name = unusedName(`${today.toISOString().slice(0, 10)}-${record.machine.label}`);
  const folder = join(RUNS, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'README.md'), readme(name, record));
  await writeFile(join(folder, 'raw.json'), `${JSON.stringify(record.raw, undefined, 1)}\n`);
  await writeFile(join(folder, 'summary.md'), `# ${name}\n\n${record.summary}\n`);
  return `benchmarks/runs/${name}`;
}

function unusedName(wanted: string): string {
  for (let nth = 1; nth <= RUNS_PER_DAY_MAX; nth++) {
    const name = nth === 1 ? wanted : `${wanted}-${nth}`;
    if (!existsSync(join(RUNS, name))) return name;
  }
  throw new Error(`there are already ${RUNS_PER_DAY_MAX} runs named ${wanted}`);
}

function readme(name: string, { machine, commands }: Record): string {
  return `# ${name}

${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GiB, ${machine.kernel}; Node.js ${machine.node};
generator compiled by ${machine.compiler}.

Commands, each server pinned to core 0 and the generator to core 1 by taskset:

\`\`\`
${commands.join('\n')}
\`\`\`

Figures: [summary.md](summary.md); every measurement: [raw.json](raw.json). How they are taken: [../../README.md](../../README.md).
`;
}
