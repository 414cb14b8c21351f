import { constants } from 'node:os';
import { CodedError } from '../../base/index.ts';
import { TopologyError } from '../../topology/index.ts';

/** The exit codes of the process. */
export const EXIT = {
  ok: 0,
  /** A condition outside the program: a port in use, a node that does not reply. */
  failed: 1,
  /** The cache replied, and the result is negative: a miss, or a value that was not stored. */
  negative: 1,
  /** The command line or an environment variable is wrong. */
  usage: 2,
  /** A cache operation failed: a node is down, or it refused the request. */
  cacheFailed: 3,
  /** An operator restarts the node (EX_TEMPFAIL of sysexits.h): the service manager starts it. */
  restart: 75,
  /** A bug in slabring (EX_SOFTWARE of sysexits.h); a supervisor should restart the node. */
  bug: 70,
} as const;

/** The exit code that shells report for a process ended by a signal. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** The exit code of a command that ended with this error. */
export function failureExitCode(error: unknown): number {
  if (!(error instanceof CodedError)) return EXIT.bug;
  const isUsage = error.code === 'ERR_USAGE' || error instanceof TopologyError;
  return isUsage ? EXIT.usage : EXIT.failed;
}
