import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../macro/machine.ts';

const RUNS = fileURLToPath(new URL('../runs/', import.meta.url));

export interface HitRatioRecord {
  readonly machine: Machine;
  /** The commands of the run, as a reader would type them. */
  readonly commands: readonly string[];
  readonly table: string;
  readonly raw: unknown;
}

/**
 * Writes `hit-ratio.{json,md}` into `benchmarks/runs/<date>-<machine>/`; a later run of the day
 * replaces them. Returns the path of the page.
 */
export async function writeHitRatios(record: HitRatioRecord, today = new Date()): Promise<string> {
  const name = `${today.toISOString().slice(0, 10)}-${record.machine.label}`;
  const folder = join(RUNS, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'hit-ratio.json'), `${JSON.stringify(record.raw, undefined, 1)}\n`);
  await writeFile(join(folder, 'hit-ratio.md'), page(name, record));
  return `benchmarks/runs/${name}/hit-ratio.md`;
}

function page(name: string, { machine, commands, table }: HitRatioRecord): string {
  return `# Hit ratios, ${name}

${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GiB, ${machine.kernel};
Node.js ${machine.node}.

\`\`\`
${commands.join('\n')}
\`\`\`

${table}

Every figure: [hit-ratio.json](hit-ratio.json).
How to repeat the run: [../../README.md](../../README.md).
`;
}
