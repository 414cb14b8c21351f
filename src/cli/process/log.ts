import { fstatSync } from 'node:fs';
import { CodedError, ProcessLog } from '../../base/index.ts';
import { EXIT, failureExitCode } from './exit-codes.ts';
import type { Host } from './host.ts';

const STDERR = 2;
/** The calls of a stack that a line of the log has. */
const STACK_CALLS_MAX = 20;

interface LogChoice {
  readonly verbosity: number;
  readonly logFormat: 'auto' | 'text' | 'json';
}

/** Opens the log of this process on standard error. */
function openLog({ verbosity, logFormat }: LogChoice, host: Host): ProcessLog {
  const isJournal = isJournalOutput(host.env['JOURNAL_STREAM']);
  const automatic = host.terminal !== undefined || isJournal ? 'text' : 'json';
  const format = logFormat === 'auto' ? automatic : logFormat;
  return new ProcessLog({ output: host.log, format, verbosity, hasPriorities: isJournal });
}

/**
 * Whether standard error is the stream to the journal that systemd names by device and inode: a
 * process whose output is redirected inherits the variable all the same.
 */
function isJournalOutput(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(STDERR, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/**
 * Runs the work of a process that writes a log; resolves with the exit code. Its failure is a line
 * of the log, unless a terminal shows it as that of any other verb; so are bugs and warnings
 * anywhere in the process. After a bug the process must end at once.
 */
export async function runWithLog(
  options: LogChoice,
  host: Host,
  work: (log: ProcessLog) => Promise<number>,
): Promise<number> {
  const log = openLog(options, host);
  for (const text of host.startWarnings ?? []) log.warn({}, text);
  const bug = Promise.withResolvers<number>();
  const onBug = (error: unknown): void => {
    logBug(log, 'the process ended by a bug', error);
    bug.resolve(EXIT.bug);
  };
  const onWarning = (warning: Error): void => log.warn({ name: warning.name }, warning.message);
  host.events.on('uncaughtException', onBug);
  const restoreWarnings = host.takeWarnings(onWarning);
  try {
    return await Promise.race([bug.promise, work(log)]);
  } catch (error) {
    if (!(error instanceof CodedError)) logBug(log, 'slabring: this is a bug', error);
    else if (host.terminal !== undefined) throw error;
    else log.error({ code: error.code }, error.message);
    return failureExitCode(error);
  } finally {
    host.events.off('uncaughtException', onBug);
    restoreWarnings();
  }
}

/** Logs a bug; its stack is a fact. */
export function logBug(log: ProcessLog, what: string, error: unknown): void {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const at = trace.search(/\n\s+at /);
  const first = at < 0 ? trace : trace.slice(0, at);
  const calls = at < 0 ? [] : trace.slice(at + 1).split('\n');
  const stack = calls.slice(0, STACK_CALLS_MAX).join('\n');
  log.error(stack === '' ? {} : { stack }, `${what}: ${first}`);
}
