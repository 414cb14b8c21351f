import { setTimeout as sleep } from 'node:timers/promises';
import { machineClock, number } from '../../base/index.ts';
import type { CacheClient } from '../../client/index.ts';
import { type Reading, withCluster, withLatency } from '../../ops/index.ts';
import type { Host } from '../process/host.ts';
import { listenForStop } from '../process/stop-request.ts';
import type { NodeResult } from './each-node.ts';
import type { NodePolls } from './node-polls.ts';
import { nodeStats } from './node-stats.ts';

const INTERVAL_SECONDS_MIN = 0.1;
export const INTERVAL_SECONDS_MAX = 3600;

export const intervalFlag = number({
  default: 1,
  min: INTERVAL_SECONDS_MIN,
  max: INTERVAL_SECONDS_MAX,
  unit: 'seconds',
  doc: 'Time between two samples.',
});

interface Pace {
  readonly intervalMs: number;
  /** How long a round may take, for a node that does not reply. */
  readonly waitMs: number;
}

/** The pace of a `--watch` of so many seconds: a node that does not reply delays no round. */
export function watchPace(seconds: number, deadlineMs: number): Pace {
  const intervalMs = 1000 * Math.max(seconds, INTERVAL_SECONDS_MIN);
  return { intervalMs, waitMs: Math.min(intervalMs, deadlineMs) };
}

/** Yields a round of all nodes in each interval, until the signal. */
export async function* watchNodes<T>(
  polls: NodePolls<T>,
  { intervalMs, waitMs }: Pace,
  stopped: AbortSignal,
): AsyncGenerator<readonly NodeResult<T>[]> {
  let dueAtMs = machineClock.nowMs();
  while (!stopped.aborted) {
    const round = await unlessAborted(polls.round(waitMs), stopped);
    if (round === undefined) return;
    yield round;
    dueAtMs = Math.max(dueAtMs + intervalMs, machineClock.nowMs());
    const pauseMs = Math.max(0, dueAtMs - machineClock.nowMs());
    await sleep(pauseMs, undefined, { signal: stopped }).catch(() => {});
  }
}

/** The result of the work; undefined as soon as the signal aborts. A round leaves no listener. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const go = (): void => resolve(undefined);
  signal.addEventListener('abort', go, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', go);
  }
}

/** The request to end: a signal, or the end of the reader of standard output. */
export interface WatchEnd {
  readonly signal: AbortSignal;
  readonly end: () => void;
  /** Removes the signal handlers. */
  readonly dispose: () => void;
}

export function watchEnd(host: Host): WatchEnd {
  const controller = new AbortController();
  const stop = listenForStop(host);
  const end = (): void => controller.abort();
  void stop.requested.then(end);
  host.outputClosed.addEventListener('abort', end, { once: true });
  return {
    signal: controller.signal,
    end,
    dispose: () => {
      host.outputClosed.removeEventListener('abort', end);
      stop.dispose();
    },
  };
}

/** Reads what `top` shows of the one node of a client; a plain memcached has less of it. */
export async function readActivity(cache: CacheClient): Promise<Reading> {
  const reading = await readStats(cache);
  if (!reading.stats.has('slabring_version')) return reading;
  // A slabring of before has no such topic; a node in no cluster has none of clusters.
  const [buckets, cluster] = await Promise.all([
    readStats(cache, 'latency_buckets').catch(() => undefined),
    readStats(cache, 'cluster').catch(() => undefined),
  ]);
  const timed = buckets === undefined ? reading : withLatency(reading, buckets.stats);
  return cluster === undefined ? timed : withCluster(timed, cluster.stats);
}

/** Reads `stats` of the one node of a client. */
export async function readStats(cache: CacheClient, topic?: string): Promise<Reading> {
  const stats = await nodeStats(cache, topic);
  return { atMs: machineClock.nowMs(), stats };
}
