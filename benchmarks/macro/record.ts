import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.ts';

const RUNS = fileURLToPath(new URL('../runs/', import.meta.url));
const RUNS_PER_DAY_MAX = 100;

/** The content of the folder of one run. */
export interface RunRecord {
  readonly machine: Machine;
  /** The commands of the run, as a reader would type them. */
  readonly commands: readonly string[];
  readonly summary: string;
  readonly raw: unknown;
}

/**
 * Writes `benchmarks/runs/<date>-<machine>/`; a second run of a day gets the suffix `-2`.
 * Returns the folder's name.
 */
export async function writeRecord(record: RunRecord, today = new Date()): Promise<string> {
  const name = unusedName(`${today.toISOString().slice(0, 10)}-${record.machine.label}`);
  const folder = join(RUNS, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'README.md'), readme(name, record));
  await writeFile(join(folder, 'raw.json'), `${JSON.stringify(record.raw, undefined, 1)}\n`);
  await writeFile(join(folder, 'summary.md'), `# ${name}\n\n${record.summary}\n`);
  return `benchmarks/runs/${name}`;
}

function unusedName(baseName: string): string {
  for (let nth = 1; nth <= RUNS_PER_DAY_MAX; nth++) {
    const name = nth === 1 ? baseName : `${baseName}-${nth}`;
    if (!existsSync(join(RUNS, name))) return name;
  }
  const advice = 'delete some of them, or use --no-record';
  throw new Error(`There are already ${RUNS_PER_DAY_MAX} runs named ${baseName}: ${advice}.`);
}

function readme(name: string, { machine, commands }: RunRecord): string {
  return `# ${name}

${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GiB, ${machine.kernel}.
Node.js ${machine.node}; the generator was compiled by ${machine.compiler}.

Commands; taskset pins a server to as many cores as it has threads, and the generator to the next
core (to the last one if there are no more):

\`\`\`
${commands.join('\n')}
\`\`\`

Figures: [summary.md](summary.md). Every measurement: [raw.json](raw.json).
Method: [../../README.md](../../README.md).
`;
}
