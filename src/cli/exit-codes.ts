import { constants } from 'node:os';

/** What the process's exit code says. */
export const EXIT = {
  ok: 0,
  /** The world said no: a taken port, a node that does not answer. */
  failed: 1,
  /** The cache answered, and the answer is no: a miss, or not stored. */
  no: 1,
  /** The command line or the environment is wrong. */
  usage: 2,
  /** The cache could not be asked: a node is down, or refused. */
  cacheFailed: 3,
  /** A bug of ours (sysexits' EX_SOFTWARE); a supervisor should start the node again. */
  bug: 70,
} as const;

/** What shells report for a process that a signal ended. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
