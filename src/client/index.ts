/** Places keys on nodes and sends operations to them. */

export type { DistributionName, NodeSpec, Topology } from '../topology/index.ts';
export type { Discovery } from './base/discovery.ts';
export { CacheError, FAILURES, type FailureCode } from './base/errors.ts';
export type { Serializer } from './base/serializer.ts';
export { CacheClient, createClient } from './cache-client.ts';
export type { ClientEvents } from './client-events.ts';
export { NoReply } from './connection/ask-connection.ts';
export { askOnce } from './connection/ask-once.ts';
export { type NodeReply, requiresLogin, type SingleRequest } from './connection/exchange.ts';
export { listItems } from './connection/list-items.ts';
export { NodeChannel } from './connection/node-channel.ts';
export { watchEvents } from './connection/watch-events.ts';
export { cluster } from './discovery/cluster.ts';
export { memberTopology } from './discovery/config-queries.ts';
export { dnsNames } from './discovery/dns.ts';
export { elastiCache } from './discovery/elasticache.ts';
export { listedNodes } from './discovery/listed-nodes.ts';
export type { NodeTrace, OperationTrace } from './observe/channels.ts';
export {
  type ClientMetrics,
  LATENCY_BOUNDS_US,
  type LatencySummary,
  type NodeMetrics,
  type OperationKind,
  type OperationMetrics,
  type OperationTotals,
} from './observe/metrics.ts';
export type {
  Cache,
  LoadContext,
  Loader,
  SureLoader,
  WriteThroughOutcome,
} from './operations/cache.ts';
export type { GetManyResult, SetManyResult } from './operations/multi-key.ts';
export type { FetchResult, Versioned } from './operations/reply-handlers.ts';
export { clientOptions } from './option-tables/client-options.ts';
export { POLL_DEADLINE_MS_MAX } from './option-tables/discovery-options.ts';
export { OPTION_GROUPS } from './option-tables/groups.ts';
export { gutterFailover } from './option-tables/nested-options.ts';
export type { ClientOption, OptionGroup } from './option-tables/option-group.ts';
export type {
  CallOptions,
  CountOptions,
  DeleteOptions,
  FetchOptions,
  StoreOptions,
} from './option-types/calls.ts';
export type {
  ClientOptions,
  CompressionOptions,
  Failover,
  GutterFailover,
  KeyMode,
  Login,
  PreviousOwnerOptions,
  ProtocolChoice,
  TlsOptions,
} from './option-types/client.ts';
export type {
  ClusterDiscoveryOptions,
  DnsOptions,
  ElastiCacheOptions,
  PollingOptions,
} from './option-types/discovery.ts';
export type {
  EnqueueOptions,
  LoadOptions,
  NearCacheOptions,
  RateLimiterOptions,
  SessionStoreOptions,
  TagOptions,
  WriteBehindOptions,
  WriteThroughOptions,
} from './option-types/patterns.ts';
export type { LoadCounts } from './patterns/load-coordinator.ts';
export { NearCache, type NearCounts } from './patterns/near-cache.ts';
export { RateLimiter, type RateResult } from './patterns/rate-limiter.ts';
export { ReadThrough } from './patterns/read-through.ts';
export { sessionStore } from './patterns/session-store.ts';
export { type Tagged, TagSpace } from './patterns/tags.ts';
export { UnwrittenError, WriteBehind } from './patterns/write-behind.ts';
export type { NodeStatus } from './routing/cluster-node.ts';
