import { type Logger, threadClock } from '../../base/index.ts';
import {
  type RequestObserver,
  RequestSamples,
  RequestWalk,
  SlowRequests,
  type ThreadContext,
} from '../../server/index.ts';
import { COUNT } from '../../store/index.ts';
import { HotKeySampler } from '../hot-keys/hot-key-sampler.ts';
import type { NodeMemory } from '../memory.ts';
import { prefixDelimiterOf } from '../options/policies.ts';

/** The samples of the requests of one worker thread, and what learns from them. */
export function threadSamples(
  memory: NodeMemory,
  thread: number,
  session: ThreadContext['session'],
  log: Logger,
): RequestSamples {
  const { store, state, latency, hotKeys, options } = memory;
  const slow = new SlowRequests({
    store,
    addressOf: (slot) => memory.connections.addressOf(slot),
    thresholdMs: () => state.slowMs,
    log: (request) => log.warn(request, 'slow request'),
    logUnlisted: (requests) => log.warn({ requests }, 'more slow requests'),
    count: () => store.counters.add(COUNT.slow_requests),
  });
  const observers: readonly RequestObserver[] = [
    { answered: (kind, ms, weight) => latency.add(thread, kind, ms, weight) },
    ...(hotKeys.isEnabled
      ? [new HotKeySampler(hotKeys, store.items, prefixDelimiterOf(options), thread + 1)]
      : []),
  ];
  return new RequestSamples(
    { clock: threadClock, walk: new RequestWalk(session), slow },
    observers,
  );
}
