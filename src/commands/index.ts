/** Executes Memcached commands on the store. */

export type { ConfigEntries, ConfigEntry } from './admin/config.ts';
export { type EventLog, STREAM, streamsOf } from './admin/event-log.ts';
export type { ConnectionView, NodeView } from './admin/node-view.ts';
export { PREFIX_COUNT, type PrefixStats } from './admin/prefixes.ts';
export { type CommandRules, Executor } from './execute.ts';
export { PendingValue } from './keyed/write.ts';
export type { ReplyStream } from './reply-stream.ts';
