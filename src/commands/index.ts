/** Executes Memcached commands on the store. */

export {
  CLUSTER_ENTRY,
  type ClusterMember,
  CONFIG_ENTRY_BYTES_MAX,
  type ConfigEntries,
  type ConfigEntry,
  encodeClusterNodes,
} from './config.ts';
export { type EventLog, STREAM, streamsOf } from './event-log.ts';
export { type CommandRules, Executor } from './execute.ts';
export type { ConnectionView, NodeView } from './node-view.ts';
export { PREFIX_COUNT, type PrefixStats } from './prefixes.ts';
export type { ReplyStream } from './reply-stream.ts';
export { PendingValue } from './write.ts';
