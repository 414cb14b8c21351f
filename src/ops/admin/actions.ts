import type { NodeControl } from '../../commands/index.ts';
import { AdminError } from './admin-error.ts';

/** The fields of the JSON object that a request brings. */
export type ActionInput = Readonly<Record<string, unknown>>;

/** Executes POST /actions/NAME; resolves with the reply, or rejects with an `AdminError`. */
type AdminAction = (input: ActionInput) => object | Promise<object>;

/** The actions of an admin port, by name. */
export type AdminActions = Readonly<Record<string, AdminAction>>;

const RELOAD_PARTS = ['all', 'users', 'certificates'] as const;

/** Changes `-m` of a running node: `{ "bytes": 1073741824 }`. */
export const memoryAction =
  (control: NodeControl): AdminAction =>
  ({ bytes }) => {
    if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes)) {
      throw new AdminError(400, 'The field bytes must be a whole number of bytes.');
    }
    const result = control.resizeMemory(bytes);
    if (result === 'done') return { bytes };
    const reason =
      result === 'tooSmall'
        ? 'is too small for a node'
        : 'is more than the node reserved address space for at its start: restart it with -m';
    throw new AdminError(409, `The memory stays as it is: ${bytes} bytes ${reason}.`);
  };

/** Reads users and certificates again: `{ "part": "users" }`; without a part, all of them. */
export const rotateAction =
  (control: NodeControl, reloadAdmin: () => Promise<string | undefined>): AdminAction =>
  async ({ part = 'all' }) => {
    const known = RELOAD_PARTS.find((each) => each === part);
    if (known === undefined) {
      throw new AdminError(400, `The field part must be one of: ${RELOAD_PARTS.join(', ')}.`);
    }
    const reasons = [
      await control.reload(known),
      known === 'all' ? await reloadAdmin() : undefined,
    ];
    const failed = reasons.filter((reason) => reason !== undefined);
    if (failed.length > 0) throw new AdminError(409, `The old files stay: ${failed.join(' ')}`);
    return { part: known };
  };

/** Sets the level of the log: `{ "level": "debug" }`. */
export const logLevelAction =
  <Level extends string>(
    levels: readonly Level[],
    setLevel: (level: Level) => Promise<void>,
  ): AdminAction =>
  async ({ level }) => {
    const known = levels.find((each) => each === level);
    if (known === undefined) {
      throw new AdminError(400, `The field level must be one of: ${levels.join(', ')}.`);
    }
    await setLevel(known);
    return { level: known };
  };

/** Sets the time from which a request is slow: `{ "ms": 5 }`; 0 logs none. */
export const slowAction =
  (control: NodeControl, msMax: number): AdminAction =>
  ({ ms }) => {
    if (typeof ms !== 'number' || !(ms >= 0 && ms <= msMax)) {
      throw new AdminError(400, `The field ms must be a number of milliseconds, 0 to ${msMax}.`);
    }
    control.setSlowMs(ms);
    return { ms };
  };

/** Changes what the clients of a proxy may use in a second: `{ "perSecond": 5000 }`. */
export const ecpuLimitAction =
  (limit: (perSecond: number) => void): AdminAction =>
  ({ perSecond }) => {
    if (typeof perSecond !== 'number' || !(perSecond > 0)) {
      throw new AdminError(400, 'The field perSecond must be a number of ECPU above 0.');
    }
    limit(perSecond);
    return { perSecond };
  };

/** Ends the node as SIGTERM does: it replies to received requests, and the process exits. */
export const drainAction =
  (drain: () => void): AdminAction =>
  () => {
    drain();
    return { state: 'draining' };
  };
