import { ByteSink } from '../../base/index.ts';
import { FastPath } from '../../fast-path/index.ts';
import {
  type ClusterSeat,
  createSessionContext,
  heapBuffers,
  OutputBuffers,
  PeerSession,
  regionBuffers,
  type SessionCluster,
  ThreadBuffers,
  type ThreadContext,
  type UserAuthenticator,
} from '../../server/index.ts';
import { COUNT, regionByte } from '../../store/index.ts';
import { type MainVerbs, SharedControl } from '../control/shared-control.ts';
import type { NodeMemory } from '../memory.ts';
import type { RingLog } from '../shared/event-rings.ts';
import { Watchers } from '../shared/watchers.ts';
import type { ThreadClusterHost } from './thread-cluster.ts';
import type { ThreadLog } from './thread-log.ts';
import { threadSamples } from './thread-samples.ts';

/** The usual output of one request; the buffer grows for a longer one. */
const PEER_SINK_BYTES = 128 * 1024;

/** What the cluster of a thread gets; it executes requests of peers with a sink of its own. */
export function clusterHost(
  memory: NodeMemory,
  thread: number,
  { events, main, log }: Pick<ThreadParts, 'events' | 'main' | 'log'>,
): Omit<ThreadClusterHost, 'share' | 'tell'> {
  const { store, options } = memory;
  const control = new SharedControl(memory, main, true);
  const peerSession = (seat: ClusterSeat): PeerSession => {
    const sink = new ByteSink(PEER_SINK_BYTES);
    return new PeerSession(
      createSessionContext(store, control, rulesOf(options), sink, events),
      seat,
    );
  };
  return { store, thread, threads: options.threads, log, peerSession };
}

/** What the sessions of a thread need beside the node's memory. */
interface ThreadParts {
  readonly events: RingLog;
  readonly cluster: SessionCluster | undefined;
  readonly authenticator: UserAuthenticator | undefined;
  readonly main: MainVerbs;
  readonly log: ThreadLog;
  readonly refused: ThreadContext['refused'];
  readonly loginChecked: ThreadContext['loginChecked'];
}

export function contextOf(memory: NodeMemory, thread: number, parts: ThreadParts): ThreadContext {
  const { options, store } = memory;
  const { events, cluster, authenticator, main, log, refused, loginChecked } = parts;
  const { fastPath, readBuffer, outputBuffers } = openRegion(memory, thread);
  const output = new OutputBuffers(outputBuffers);
  const rules = {
    ...rulesOf(options),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(log.shows('trace') ? { traceLog: log } : {}),
    loginRules: { refusesText: options.saslOnly, attemptsMax: options.loginAttempts },
  };
  const control = new SharedControl(memory, main, cluster !== undefined);
  const { sink } = output;
  const session = createSessionContext(store, control, rules, sink, events, fastPath, cluster);
  return {
    session,
    samples: threadSamples(memory, thread, session, log),
    store,
    output,
    readBuffer,
    buffers: new ThreadBuffers(memory.buffers, thread, {
      onPaused: () => store.counters.add(COUNT.conn_memory_pauses),
      onExpelled: () => {
        store.counters.add(COUNT.conn_memory_kicks);
        refused('bufferMemory');
      },
    }),
    watchers: new Watchers(memory.events),
    table: memory.connections,
    loginChecked,
    refused,
    get debugLog() {
      return log.shows('debug') ? log : undefined;
    },
  };
}

function rulesOf(options: NodeMemory['options']) {
  return {
    flushAllowed: !options.disableFlushAll,
    dumpingAllowed: !options.disableDumping,
    watchingAllowed: !options.disableWatch,
    requestsPerTurn: options.maxReqsPerEvent,
  };
}

/** The fast path of the thread, which needs the thread's buffers in the memory of the store. */
function openRegion({ share: { store, fastPath: module } }: NodeMemory, thread: number) {
  if (module === undefined) return { ...heapBuffers(), fastPath: undefined };
  const start = regionByte(store.layout, thread);
  const fastPath = new FastPath(store, module, thread, start);
  return { ...regionBuffers(store.memory, start), fastPath };
}
