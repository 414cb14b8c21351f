/** What each Memcached command means. */
export { type CommandRules, Executor } from './execute.ts';
export type { ConnectionView, NodeView } from './node-view.ts';
export { PendingValue } from './write.ts';
