import type { Session } from '../session/session.ts';
import { PAUSE, type Pause } from '../session/states.ts';

/**
 * Why a connection pauses after its session has paused: `flushed` says whether the session may
 * write more, `isSent` whether the kernel has all that was written.
 */
export function pauseAfter(
  served: Pause,
  flushed: boolean,
  isSent: boolean,
  cluster: Session['cluster'],
): Pause {
  if (served === PAUSE.needInput && flushed) return served;
  if (cluster === undefined || !isSent) {
    return served === PAUSE.needInput ? PAUSE.outputBlocked : served;
  }
  if (served === PAUSE.awaiting || served === PAUSE.close) return served;
  // What left with this flush may have been what the session waits for.
  return cluster.mayGoOn ? PAUSE.yielded : PAUSE.replies;
}
