import type {
  ClusterView,
  ConnectionView,
  CrawlResult,
  EventCounts,
  MovePageResult,
  NodeControl,
  NodeFacts,
  NodeHealth,
  ReloadPart,
  ResizeResult,
  SnapshotEvent,
  ThreadView,
  TuneResult,
  Tuning,
} from '../../commands/index.ts';
import { READ_BUFFER_BYTES } from '../../server/index.ts';
import type { TunableName } from '../../store/index.ts';
import { threadNames } from '../jobs.ts';
import type { NodeMemory } from '../memory.ts';
import { PROTOCOL_VERSION, packageVersion } from '../version.ts';
import { settingsOf } from './settings.ts';
import { crawl, movePage, resizeStore, tuneStore } from './store-tuning.ts';

const VERBOSITY_MAX = 2;

const KIB = 1024;

/** The verbs that only the main thread can execute; a worker thread asks it to. */
export type MainVerbs = Pick<NodeControl, 'reload' | 'stop'>;

/**
 * The control of a node, on any of its threads. Facts and changes that are in shared memory need no
 * other thread; the rest is `main`.
 */
export class SharedControl implements NodeControl {
  readonly facts: NodeFacts;
  readonly config: NodeControl['config'];
  readonly prefixes: NodeControl['prefixes'];
  readonly hotKeys: NodeControl['hotKeys'];
  readonly latency: NodeControl['latency'];
  readonly #memory: NodeMemory;
  readonly #main: MainVerbs;

  /** @param isMember whether the node is in a cluster, which says itself which nodes it has. */
  constructor(memory: NodeMemory, main: MainVerbs, isMember = false) {
    const { kind } = memory.share.store;
    const { connLimit, threads, enableShutdown, clusterNodes, allowConfigSet } = memory.options;
    this.facts = {
      pid: process.pid,
      version: PROTOCOL_VERSION,
      packageVersion: packageVersion(),
      maxConnections: connLimit,
      maxConnMemoryBytes: memory.buffers.limitKib * KIB,
      threads,
      fastPath: kind === 'plain' ? 'off' : kind,
      readBufferBytes: READ_BUFFER_BYTES,
      shutdownAllowed: enableShutdown,
      clusterEntryClosed: (isMember || clusterNodes.length > 0) && !allowConfigSet,
    };
    this.config = memory.config;
    this.prefixes = memory.prefixes;
    this.hotKeys = hotKeysOf(memory);
    this.latency = memory.latency;
    this.#memory = memory;
    this.#main = main;
  }

  health(): NodeHealth {
    const { store, state, connections, buffers, options } = this.#memory;
    const now = store.clock.now();
    return {
      state: state.name,
      uptimeSeconds: now - state.startedAt,
      timeSeconds: now + store.clock.epoch(),
      currentConnections: connections.count(),
      peakConnections: connections.peak(),
      connMemoryBytes: buffers.heldKib * KIB,
      certificateSeconds: options.enableSsl ? now - state.certificatesReadAt : undefined,
      certificateExpiresAt: options.enableSsl ? state.certificateExpiresAt : undefined,
      snapshots: state.snapshots,
    };
  }

  noteSnapshot(event: SnapshotEvent): void {
    const { store, state } = this.#memory;
    state.noteSnapshot(event, store.clock.now() + store.clock.epoch());
  }

  eventCounts(): EventCounts {
    return this.#memory.events.counts();
  }

  connections(first: number, end: number): readonly ConnectionView[] {
    return this.#memory.connections.views(first, end, this.#memory.store.clock.now());
  }

  silentConnections(seconds: number): number {
    const { connections, store } = this.#memory;
    return connections.countSilent(seconds, store.clock.now());
  }

  threads(): readonly ThreadView[] {
    const { threads, options } = this.#memory;
    return threadNames(options).map((name, thread) => {
      return { thread, name, loop: threads.loopOf(thread) };
    });
  }

  cluster(): ClusterView | undefined {
    return this.#memory.cluster.view();
  }

  showCluster(view: ClusterView): void {
    this.#memory.cluster.show(view);
  }

  connectionIdsEnd(): number {
    return this.#memory.connections.slotsEnd();
  }

  settings(): readonly (readonly [string, string])[] {
    return settingsOf(this.#memory);
  }

  tunable(name: TunableName): number {
    return this.#memory.store.tuning.get(name);
  }

  tune(changes: Tuning): TuneResult {
    return tuneStore(this.#memory.store.tuning, changes);
  }

  resizeMemory(bytes: number): ResizeResult {
    return resizeStore(this.#memory.store.tuning, bytes);
  }

  movePage(source: number | 'largest', destination: number): MovePageResult {
    return movePage(this.#memory.store.tuning, source, destination);
  }

  crawl(sizeClasses: readonly number[] | 'all'): CrawlResult {
    return crawl(this.#memory.store.tuning, sizeClasses);
  }

  setVerbosity(level: number): void {
    this.#memory.state.verbosity = Math.min(level, VERBOSITY_MAX);
  }

  setSlowMs(ms: number): void {
    this.#memory.state.slowMs = ms;
  }

  reload(part: ReloadPart): Promise<string | undefined> {
    return this.#main.reload(part);
  }

  stop(graceful: boolean): Promise<void> {
    return this.#main.stop(graceful);
  }
}

function hotKeysOf({ hotKeys, store }: NodeMemory): NodeControl['hotKeys'] {
  return {
    isEnabled: hotKeys.isEnabled,
    view: () => hotKeys.view(store.clock.now()),
    clear: () => hotKeys.clear(store.clock.now()),
  };
}
