import { ByteSink } from '../../base/index.ts';
import { FastPath } from '../../fast-path/index.ts';
import {
  type ClusterSeat,
  createSessionContext,
  FastServing,
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
import type { ThreadCluster, ThreadClusterHost } from './thread-cluster.ts';
import type { ThreadLog } from './thread-log.ts';
import { threadSamples } from './thread-samples.ts';

/** The usual output of one request; the buffer grows for a longer one. */
const PEER_SINK_BYTES = 128 * 1024;

/** What the cluster of a thread gets. */
export function clusterHost(
  memory: NodeMemory,
  thread: number,
  region: ThreadRegion,
  parts: Pick<ThreadParts, 'events' | 'main' | 'log'>,
): Omit<ThreadClusterHost, 'share' | 'tell'> {
  const { store, options } = memory;
  const { threads, maxItemSizeBytes } = options;
  const { fastPath, output } = region;
  const control = new SharedControl(memory, parts.main, true);
  const peerSession = (seat: ClusterSeat): PeerSession => {
    const fast = fastPath && new FastServing(fastPath, output.sink, parts.events, control, 0, seat);
    return new PeerSession(peerContext(memory, control, parts.events), seat, fast);
  };
  const { log } = parts;
  const fastCopies = fastPath?.copies;
  const sizes = { threads, itemBytesMax: maxItemSizeBytes };
  return { store, thread, ...sizes, log, fastCopies, peerSession };
}

/** What the sessions of the thread need of its cluster. */
export function sessionCluster(
  memory: NodeMemory,
  parts: Pick<ThreadParts, 'events' | 'main'>,
  { seat, isMember = true }: ThreadCluster,
): ThreadParts['cluster'] {
  return { seat, isMember, local: localSession(memory, parts, seat) };
}

/** Executes requests of the clients of this thread in pieces, in the middle of their turns. */
function localSession(
  memory: NodeMemory,
  { events, main }: Pick<ThreadParts, 'events' | 'main'>,
  seat: ClusterSeat,
): PeerSession {
  return new PeerSession(peerContext(memory, new SharedControl(memory, main, true), events), seat);
}

/** It has a sink of its own. */
function peerContext({ store, options }: NodeMemory, control: SharedControl, events: RingLog) {
  return createSessionContext(
    store,
    control,
    rulesOf(options),
    new ByteSink(PEER_SINK_BYTES),
    events,
  );
}

/** What the sessions of a thread need beside the node's memory. */
interface ThreadParts {
  readonly events: RingLog;
  readonly cluster: (SessionCluster & Required<Pick<ThreadCluster, 'isMember'>>) | undefined;
  readonly authenticator: UserAuthenticator | undefined;
  readonly main: MainVerbs;
  readonly log: ThreadLog;
  readonly refused: ThreadContext['refused'];
  readonly loginChecked: ThreadContext['loginChecked'];
}

export function contextOf(
  memory: NodeMemory,
  thread: number,
  { fastPath, readBuffer, output }: ThreadRegion,
  parts: ThreadParts,
): ThreadContext {
  const { options, store } = memory;
  const { events, cluster, authenticator, main, log, refused, loginChecked } = parts;
  const rules = {
    ...rulesOf(options),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(log.shows('trace') ? { traceLog: log } : {}),
    loginRules: { refusesText: options.saslOnly, attemptsMax: options.loginAttempts },
  };
  const control = new SharedControl(memory, main, cluster?.isMember);
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

/** The buffers of a thread, and its fast path, which needs them in the memory of the store. */
interface ThreadRegion {
  /** Undefined: JavaScript serves every request. */
  readonly fastPath: FastPath | undefined;
  readonly readBuffer: Buffer;
  readonly output: OutputBuffers;
}

export function openRegion(
  { share: { store, fastPath: module } }: NodeMemory,
  thread: number,
): ThreadRegion {
  const start = regionByte(store.layout, thread);
  const fastPath = module && new FastPath(store, module, thread, start);
  const { readBuffer, outputBuffers } =
    module === undefined ? heapBuffers() : regionBuffers(store.memory, start);
  return { fastPath, readBuffer, output: new OutputBuffers(outputBuffers) };
}
