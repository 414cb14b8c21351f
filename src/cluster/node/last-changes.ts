import type { Timers } from '../thread/timers.ts';

/** How long a node holds its changes until those before them are acknowledged. */
const WAIT_MS_MAX = 1000;

/**
 * Waits until the changes of keys that this node is about to drop are acknowledged: later it could
 * not read them again. In the mode `sync` such a change would fail, in `async` its reply has left.
 * A receiver that is down in the next topology never acknowledges.
 */
export async function lastChanges(drained: Promise<unknown>, timers: Timers): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = timers.setTimer(late.resolve, WAIT_MS_MAX);
  // An order fails only when the node stops.
  await Promise.race([drained.catch(() => {}), late.promise]);
  timer.cancel();
}
