import { stderrOutput } from '../../base/index.ts';
import { EXIT } from './exit-codes.ts';
import type { Host } from './host.ts';

/** The exit waits this long for the last lines: standard error may be blocked. */
const FLUSH_MS_MAX = 500;

/** Ends the process with the exit code of a command, once its last lines are written. */
export async function exitAfter(command: Promise<number>): Promise<never> {
  const exitCode = await command;
  await stderrOutput().flush(FLUSH_MS_MAX);
  process.exit(exitCode);
}

/**
 * Ends the process when the one that has started it, with a channel, has gone: nobody reads the
 * result, and the next one makes the same work again.
 */
export function endWithStarter({ events, supervisor }: Pick<Host, 'events' | 'supervisor'>): void {
  if (supervisor !== undefined) events.on('disconnect', () => process.exit(EXIT.failed));
}

const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Resolves once the reader of standard output has all of it, or has gone. A pipe takes 64 KiB at
 * once and an exit would cut the rest off. A signal ends the wait for a reader that takes nothing.
 */
export async function outputWritten(): Promise<void> {
  const { stdout } = process;
  if (stdout.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    stdout.write('', () => resolve());
    for (const signal of END_SIGNALS) process.once(signal, () => resolve());
  });
}
