import { type Clock, machineClock } from '../base/index.ts';
import type { Host } from './host.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const;

/**
 * One Ctrl-C can arrive as several signals: the terminal sends one to the whole group, npm sends its own after it,
 * and so does our cluster. Signals this close together are one wish, not an impatient second one; milliseconds.
 */
const SAME_WISH_MS = 500;

/** The wish to stop, as signals and a lost supervisor express it. */
export interface StopRequest {
  /** Settles with the first wish. */
  readonly first: Promise<NodeJS.Signals | 'disconnect'>;
  /** Settles when somebody does not want to wait for the end of what the first one began. */
  readonly again: Promise<NodeJS.Signals>;
  isAsked(): boolean;
  /** Gives the signals back to whoever had them. */
  dispose(): void;
}

export function listenForStop(host: Host, clock: Clock = machineClock): StopRequest {
  const first = Promise.withResolvers<NodeJS.Signals | 'disconnect'>();
  const again = Promise.withResolvers<NodeJS.Signals>();
  let askedAtMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    askedAtMs ??= clock.nowMs();
    first.resolve(signal);
    if (clock.nowMs() - askedAtMs >= SAME_WISH_MS) again.resolve(signal);
  };
  const onDisconnect = () => {
    askedAtMs ??= clock.nowMs();
    first.resolve('disconnect');
  };
  for (const signal of SIGNALS) host.events.on(signal, onSignal);
  host.events.on('disconnect', onDisconnect);
  if (host.supervisor?.isGone() === true) onDisconnect();
  return {
    first: first.promise,
    again: again.promise,
    isAsked: () => askedAtMs !== undefined,
    dispose: () => {
      for (const signal of SIGNALS) host.events.off(signal, onSignal);
      host.events.off('disconnect', onDisconnect);
    },
  };
}
