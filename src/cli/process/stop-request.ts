import { type Clock, machineClock } from '../../base/index.ts';
import type { Host } from './host.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const;

/**
 * One Ctrl-C can arrive as several signals: the terminal sends one to the whole process group, and
 * npm and `slabring cluster` send another to their children. Signals within this time of the first
 * one are the same request; milliseconds.
 */
const SAME_REQUEST_MS = 500;

/** The request to stop: a signal, or the order or the disconnect of the supervisor. */
export interface StopRequest {
  /** Resolves with the first request. */
  readonly requested: Promise<NodeJS.Signals | 'disconnect' | 'order'>;
  /** Resolves with a second, later signal: the user does not want to wait for the drain. */
  readonly forced: Promise<NodeJS.Signals>;
  isRequested(): boolean;
  /** Whether the supervisor starts this process again at once. */
  isForRestart(): boolean;
  /** Whether nobody needs the items of this process again. */
  discardsItems(): boolean;
  /** Calls `reply` for each question of the supervisor about this process. */
  onQuestion(reply: () => void): void;
  /** From here on the end of the supervisor is no request. */
  ignoreDisconnect(): void;
  /** Removes the signal handlers. */
  dispose(): void;
}

export function listenForStop(host: Host, clock: Clock = machineClock): StopRequest {
  const requested = Promise.withResolvers<NodeJS.Signals | 'disconnect' | 'order'>();
  const forced = Promise.withResolvers<NodeJS.Signals>();
  let requestedAtMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    requestedAtMs ??= clock.nowMs();
    requested.resolve(signal);
    if (clock.nowMs() - requestedAtMs >= SAME_REQUEST_MS) forced.resolve(signal);
  };
  const onDisconnect = () => {
    requestedAtMs ??= clock.nowMs();
    requested.resolve('disconnect');
  };
  let isForRestart = false;
  let discardsItems = false;
  let reply = (): void => {};
  const onMessage = (message: unknown) => {
    const { type, forRestart, discards } = Object(message) as Record<string, unknown>;
    if (type === 'question') reply();
    if (type !== 'stop') return;
    requestedAtMs ??= clock.nowMs();
    isForRestart ||= forRestart === true;
    discardsItems ||= discards === true;
    requested.resolve('order');
  };
  for (const signal of SIGNALS) host.events.on(signal, onSignal);
  host.events.on('disconnect', onDisconnect);
  if (host.supervisor !== undefined) host.events.on('message', onMessage);
  if (host.supervisor?.isDisconnected() === true) onDisconnect();
  return {
    requested: requested.promise,
    forced: forced.promise,
    isRequested: () => requestedAtMs !== undefined,
    isForRestart: () => isForRestart,
    discardsItems: () => discardsItems,
    onQuestion: (replies) => {
      reply = replies;
    },
    ignoreDisconnect: () => void host.events.off('disconnect', onDisconnect),
    dispose: () => {
      for (const signal of SIGNALS) host.events.off(signal, onSignal);
      host.events.off('disconnect', onDisconnect);
      host.events.off('message', onMessage);
    },
  };
}
