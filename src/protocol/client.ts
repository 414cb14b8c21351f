/** The client's half of the protocol room. `index.ts` exports the server's half. */
export { BinaryDialect } from './binary/binary-client.ts';
export type { Dialect } from './client/dialect.ts';
export { MalformedReply, Reply, type ReplyStatus } from './client/reply.ts';
export { ReplyInput } from './client/reply-input.ts';
export {
  type ConfigGetRequest,
  type CountRequest,
  type DeleteRequest,
  type FetchRequest,
  type GetManyRequest,
  type GetRequest,
  type ItemFactsRequest,
  keysOf,
  type LimitMemoryRequest,
  type LoginRequest,
  type Request,
  type StoreMode,
  type StoreRequest,
  type TouchRequest,
  type VersionRequest,
} from './client/request.ts';
export {
  CLUSTER_ENTRY,
  type ClusterConfig,
  decodeClusterConfig,
  LEGACY_CLUSTER_KEY,
  TOPOLOGY_ENTRY,
  topologyFlags,
} from './cluster-config.ts';
export { CONFIG_BYTES_MAX, KEY_BYTES_MAX } from './limits.ts';
export { isMemberVersion } from './member-version.ts';
export { ClassicDialect } from './text/classic-client.ts';
export { type KeyFacts, parseFacts } from './text/item-facts.ts';
export { MetaDialect } from './text/meta-client.ts';
export { type ListedItem, MetadumpDecoder } from './text/metadump.ts';
