/** `node benchmarks/cluster/main.ts --help`. */
import { describeMachine } from '../macro/machine.ts';
import { writeRecord } from '../macro/record.ts';
import { formatTable } from '../macro/summary.ts';
import { commandLine } from './command-line.ts';
import { LoadGenerator } from './load-generator.ts';
import { startAlone } from './paths.ts';
import { QUESTIONS, type Question } from './questions.ts';
import { type Run, tableOf } from './table.ts';

const line = commandLine();
if (line !== undefined) {
  const generator = new LoadGenerator(line.seconds);
  const runs: Run[] = [];
  try {
    for (let nth = 0; nth < line.rounds; nth++) {
      for (const name of line.questions) runs.push(...(await ask(generator, QUESTIONS[name])));
    }
  } finally {
    generator.remove();
  }
  const summary = `CPU time (user and system) of each process per key: medians of
${line.rounds} rounds.
All servers share one core, and have one worker thread each. "alone" is the mean of a node alone
before and after the others of its round; the noise is the largest difference of these two.

${formatTable(tableOf(runs))}`;
  console.log(summary);
  if (line.isRecorded) {
    const commands = [['node benchmarks/cluster/main.ts', ...process.argv.slice(2)].join(' ')];
    const record = { machine: describeMachine(), commands, summary, raw: runs };
    console.error(`The record is in ${await writeRecord(record)}`);
  }
}

/** One round of a question. */
async function ask(
  generator: LoadGenerator,
  { loads, candidates }: Question,
): Promise<readonly Run[]> {
  const runs: Run[] = [];
  const alone = { start: startAlone, goal: undefined };
  for (const { start, goal } of [alone, ...candidates, alone]) {
    const path = await start();
    for (const [load, args] of Object.entries(loads)) {
      const run = { load, goal, path: path.name, ...generator.measure(path, args) };
      const each = run.cpuUsPerKey.map((us) => us.toFixed(2)).join(' + ');
      console.error(`${load}, ${path.name}: ${each} µs/key`);
      runs.push(run);
    }
    await path.stop();
  }
  return runs;
}
