/** Executes Memcached commands on the store. */

export {
  ITEM_STATS,
  OWN_CLASS_STATS,
  SLAB_STATS,
  sampleClasses,
} from './admin/class-stats.ts';
export {
  CLUSTER_EVENTS,
  CLUSTER_NUMBERS,
  type ClusterEvent,
  type ClusterEventKind,
  type ClusterNumber,
  type ClusterView,
  type PeerView,
  THREAD_NUMBERS,
  type ThreadNumber,
} from './admin/cluster-view.ts';
export type {
  ConfigEntries,
  ConfigEntry,
  SetConfigResult,
} from './admin/config-entries.ts';
export { type EventLog, STREAM, streamsOf } from './admin/event-log.ts';
export { type GeneralStat, type NodeSample, readStat, sampleNode } from './admin/general-stats.ts';
export { HOT_KEYS_MAX, type HotKey, type HotKeys, type HotKeysView } from './admin/hot-keys.ts';
export { putKeyWord } from './admin/key-text.ts';
export type {
  ConnectionView,
  CrawlResult,
  EventCounts,
  LoopView,
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
} from './admin/node-control.ts';
export { LOOP_DELAY_MS } from './admin/node-control.ts';
export { DUMP_END, PREFIX_COUNT, type PrefixStats } from './admin/prefixes.ts';
export { COMMAND_CONSTANTS } from './constants.ts';
export { type CommandRules, type Commands, createCommands } from './execute.ts';
export { isClusterKey } from './keyed/retrieve.ts';
export { PendingValue } from './keyed/write.ts';
export {
  bucketOfBound,
  LATENCY_BUCKETS,
  latencyBucket,
  latencyQuantile,
} from './latency/latency-buckets.ts';
export { LatencyHistogram, type LatencyReader } from './latency/latency-histogram.ts';
export { measuredKinds } from './latency/latency-stats.ts';
export { KIND_COUNT, KINDS, kindOf, TEXT_LOGIN_KIND } from './latency/request-kinds.ts';
export { DEFAULT_ROLE, permits, ROLES, type Role } from './permissions.ts';
export type { LateReply, ReplyRest, ReplyStream } from './reply-stream.ts';
