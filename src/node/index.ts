/** One node: its shared memory, its threads, its control and its life cycle. */
export type { FastPathState } from './fast-path.ts';
export { startNode } from './node.ts';
export { readTlsOptions } from './node-certificates.ts';
export type { ClusterStart, NodeHandle, RunningNode, StartExtras } from './node-handle.ts';
export { openFilesLimit, openFilesNeeded } from './open-files.ts';
export { requiresLogin } from './options/policies.ts';
export { defaultServerOptions, type ServerOptions, serverFlags } from './options/server-flags.ts';
export { serverRules } from './options/server-rules.ts';
export { SLOW_MS_MAX } from './options/slow-flags.ts';
export type { Guest, GuestWork } from './threads/guest-job.ts';
export type { RunGuest } from './threads/node-threads.ts';
export type {
  CreateThreadCluster,
  ThreadCluster,
  ThreadClusterHost,
} from './threads/thread-cluster.ts';
export { packageVersion } from './version.ts';
