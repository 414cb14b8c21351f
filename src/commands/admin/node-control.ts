import type { TunableName } from '../../store/index.ts';
import type { LatencyReader } from '../latency/latency-histogram.ts';
import type { ClusterView } from './cluster-view.ts';
import type { ConfigEntries } from './config-entries.ts';
import type { HotKeys } from './hot-keys.ts';
import type { PrefixStats } from './prefixes.ts';

/**
 * What can be read from a running node, and done to it. The admin commands, signals and the command
 * line all use it. Every thread has one; its results are the same on each of them.
 */
export interface NodeControl {
  readonly facts: NodeFacts;
  /** The entries of the `config` commands. */
  readonly config: ConfigEntries;
  readonly prefixes: PrefixStats;
  readonly hotKeys: HotKeys;
  /** How long the node took for requests. */
  readonly latency: LatencyReader;
  health(): NodeHealth;
  /** The events of `watch` since the start, and their watchers now. */
  eventCounts(): EventCounts;
  /** The connections of all worker threads whose ids are `first` … `end` - 1. */
  connections(first: number, end: number): readonly ConnectionView[];
  /** How many connections have sent nothing for this many seconds. */
  silentConnections(seconds: number): number;
  /** The threads of the node; those that nobody measures have no `loop`. */
  threads(): readonly ThreadView[];
  /** What this node knows of its cluster, about a second old; undefined on a node in none. */
  cluster(): ClusterView | undefined;
  /** Shows it on all threads. */
  showCluster(view: ClusterView): void;
  /** Above the ids of all connections. */
  connectionIdsEnd(): number;
  /** The rows of `stats settings`, in memcached's order. */
  settings(): readonly (readonly [name: string, value: string])[];
  tunable(name: TunableName): number;
  /** Changes all of these tunables, or none if the result is not `done`. */
  tune(changes: Tuning): TuneResult;
  resizeMemory(bytes: number): ResizeResult;
  /**
   * Moves a page of one size class to another, before it returns; takes milliseconds. `largest`
   * means the size class that has the most pages.
   */
  movePage(source: number | 'largest', destination: number): MovePageResult;
  /** Makes the crawler check these size classes for expired items. */
  crawl(sizeClasses: readonly number[] | 'all'): CrawlResult;
  /** Counts the result of a snapshot that the node wrote by itself. */
  noteSnapshot(event: SnapshotEvent): void;
  /** Sets the verbosity that `settings` shows. */
  setVerbosity(level: number): void;
  /** Sets the time from which the node logs a request as slow; 0 logs none. */
  setSlowMs(ms: number): void;
  /**
   * Reads users or certificates again. Resolves once all threads have them, or with the reason why
   * the previous ones stay.
   */
  reload(part: ReloadPart): Promise<string | undefined>;
  /** Stops the node. On the main thread it resolves at the node's end; it never rejects. */
  stop(graceful: boolean): Promise<void>;
}

/** What never changes while a node runs. */
export interface NodeFacts {
  readonly pid: number;
  /** The version of memcached whose commands the node has. */
  readonly version: string;
  /** The version of slabring. */
  readonly packageVersion: string;
  readonly maxConnections: number;
  /** The limit of `connMemoryBytes`. */
  readonly maxConnMemoryBytes: number;
  readonly threads: number;
  /** Whether WebAssembly answers simple requests, and with which addresses. */
  readonly fastPath: 'memory32' | 'memory64' | 'off';
  /** Size of the read buffer that each worker thread has. */
  readonly readBufferBytes: number;
  /** Whether clients may stop this node (`shutdown`). */
  readonly shutdownAllowed: boolean;
  /** Whether clients may not change the cluster entry (`config set cluster`). */
  readonly clusterEntryClosed: boolean;
}

export interface NodeHealth {
  /** A node accepts connections while it is `serving`. */
  readonly state: 'starting' | 'serving' | 'draining';
  readonly uptimeSeconds: number;
  /** Unix time. */
  readonly timeSeconds: number;
  readonly currentConnections: number;
  /** The largest number of connections that were open at the same time. */
  readonly peakConnections: number;
  /** The memory that the buffers of all connections occupy. */
  readonly connMemoryBytes: number;
  /** Seconds since the node read its certificates; undefined without TLS. */
  readonly certificateSeconds: number | undefined;
  /** The Unix time at which the certificate of the node ends; undefined without TLS. */
  readonly certificateExpiresAt: number | undefined;
  /** The snapshots that the node has written by itself; undefined without a schedule. */
  readonly snapshots: ScheduledSnapshots | undefined;
}

interface ScheduledSnapshots {
  readonly written: number;
  readonly failed: number;
  /** The Unix time of the last one; undefined if there is none. */
  readonly writtenAt: number | undefined;
}

/** What a schedule of snapshots tells the node: that it has begun, and each result. */
export type SnapshotEvent = 'scheduled' | 'written' | 'failed';

export interface EventCounts {
  /** Events that threads have published; they publish only what some client watches. */
  readonly written: number;
  /** How often a watcher missed events, because it had not read the earlier ones. */
  readonly gaps: number;
  /** Events sent, each once for each watcher. */
  readonly sent: number;
  readonly watchers: number;
}

export interface ConnectionView {
  readonly id: number;
  /** Such as `tcp:127.0.0.1:51234` or `unix:/path`. */
  readonly address: string;
  readonly listenAddress: string;
  /** memcached's name of the state, such as `conn_read`. */
  readonly state: string;
  readonly idleSeconds: number;
}

export interface ThreadView {
  /** The number of the thread, and of its block of counters. */
  readonly thread: number;
  /** Its job and its number among the threads of that job, such as `serve-0`. */
  readonly name: string;
  readonly loop: LoopView | undefined;
}

/** The event loop of a thread since the node measures it. */
export interface LoopView {
  /** How long it was busy. */
  readonly activeSeconds: number;
  readonly gcSeconds: number;
  readonly gcRuns: number;
  readonly heapBytes: number;
  /** How late the loop ran a timer, once each LOOP_SAMPLE_MS: samples up to each LOOP_DELAY_MS. */
  readonly delayCounts: readonly number[];
  readonly delaySeconds: number;
}

/** Upper bounds of the delays that `LoopView` counts; the last count has all longer ones. */
export const LOOP_DELAY_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;

export type Tuning = Readonly<Partial<Record<TunableName, number>>>;
export type TuneResult =
  | 'done'
  | 'maintainerOff'
  | 'crawlerRuns'
  | 'automoveOutOfRange'
  | 'windowOutOfRange'
  | 'sleepTooLong'
  | 'segmentsTooLarge'
  | 'factorTooLow';
export type ResizeResult = 'done' | 'tooSmall' | 'outOfBounds';
export type MovePageResult = 'done' | 'disabled' | 'same' | 'badClass' | 'noSparePage' | 'busy';
export type CrawlResult = 'done' | 'disabled' | 'badClass' | 'busy';
export type ReloadPart = 'users' | 'certificates' | 'all';
