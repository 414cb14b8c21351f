import { stderrOutput } from '../../base/index.ts';

/** The exit waits this long for the last lines: standard error may be blocked. */
const FLUSH_MS_MAX = 500;

/** Ends the process with the exit code of a command, once its last lines are written. */
export async function exitAfter(command: Promise<number>): Promise<never> {
  const exitCode = await command;
  await stderrOutput().flush(FLUSH_MS_MAX);
  process.exit(exitCode);
}
