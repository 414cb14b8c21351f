import { CacheError, type FailureCode } from './base/errors.ts';
import type { Timing } from './connection/runtime.ts';
import type { CallOptions } from './option-types/calls.ts';
import { pause } from './patterns/pause.ts';

/** While no node is up, an operation starts the next probe about this often. */
const RETRY_MS = 100;
/** The nodes may come up: the application may start before its cache does. */
const MAY_COME_UP: readonly FailureCode[] = ['ERR_NODE_DOWN', 'ERR_REPLY_LOST'];

/** Asks every node for a reply; resolves with the outcome of each. */
type AskNodes = (options: CallOptions) => Promise<readonly PromiseSettledResult<unknown>[]>;

/**
 * Resolves when each node has replied or failed, and at least one has replied. It asks again while
 * none does.
 * @throws {CacheError} the failure of the first node, at the deadline; at once if waiting does not
 *     help (ERR_LOGIN …).
 */
export async function whenReady(
  ask: AskNodes,
  timing: Timing,
  deadlineMs: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const deadlineAt = timing.now() + deadlineMs;
  for (;;) {
    const leftMs = Math.max(1, deadlineAt - timing.now());
    const outcomes = await ask({ deadlineMs: leftMs, signal });
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    if (failed.length < outcomes.length) return;
    const reason: unknown = failed[0]?.reason;
    const mayComeUp = reason instanceof CacheError && MAY_COME_UP.includes(reason.code);
    if (!mayComeUp || timing.now() + RETRY_MS >= deadlineAt) throw reason;
    await pause(timing, RETRY_MS, signal);
  }
}
