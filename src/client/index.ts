/** Places keys on nodes and sends operations to them. */

export type { DistributionName, NodeSpec, Topology } from '../topology/index.ts';
export type { CountOptions, DeleteOptions, FetchOptions } from './arguments.ts';
export { CacheClient, type ClientEvents, createClient } from './cache-client.ts';
export { askOnce, NoAnswer } from './connection/ask-once.ts';
export { type Answer, requiresLogin } from './connection/exchange.ts';
export type { Login, ProtocolChoice } from './connection/handshake.ts';
export type { TlsOptions } from './connection/socket.ts';
export type { Discovery, DiscoveryListener } from './discovery/discovery.ts';
export { type DnsOptions, dnsNames } from './discovery/dns.ts';
export { type ElastiCacheOptions, elastiCache } from './discovery/elasticache.ts';
export type { PollingOptions } from './discovery/polling-options.ts';
export type { Resolver } from './discovery/resolver.ts';
export { CacheError, FAILURES, type FailureCode } from './errors.ts';
export type { GetManyResult, SetManyResult } from './multi-key.ts';
export type { NodeTrace, OperationTrace } from './observe/channels.ts';
export {
  LATENCY_BOUNDS_US,
  type LatencySummary,
  type OperationKind,
  type OperationMetrics,
} from './observe/metrics.ts';
export type { CallOptions, ClientOptions, StoreOptions } from './options.ts';
export type { LoadContext, Loader, LoadOptions } from './patterns/load-plan.ts';
export { NearCache, type NearCacheOptions, type NearCounts } from './patterns/near-cache.ts';
export { RateLimiter, type RateLimiterOptions, type RateResult } from './patterns/rate-limiter.ts';
export { type LoadCounts, ReadThrough } from './patterns/read-through.ts';
export { type SessionStoreOptions, sessionStore } from './patterns/session-store.ts';
export { type Tagged, type TagOptions, TagSpace } from './patterns/tags.ts';
export { UnwrittenError, WriteBehind, type WriteBehindOptions } from './patterns/write-behind.ts';
export type { WriteThroughOptions, WriteThroughOutcome } from './patterns/write-through.ts';
export type { FetchResult, Versioned } from './reply-handlers.ts';
export type { Failover, GutterFailover, PreviousOwnerOptions } from './routing/options.ts';
export type { CompressionOptions } from './values/compression.ts';
export type { KeyMode } from './values/keys.ts';
export type { Serializer } from './values/value-codec.ts';
