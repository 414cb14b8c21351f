/** The package's main door: the client. */
export {
  CacheClient,
  CacheError,
  type CallOptions,
  type ClientEvents,
  type ClientOptions,
  createClient,
  type FailureCode,
  type ManyStored,
  type ManyValues,
  type NodeSpec,
  type StoreOptions,
  type Value,
  type Versioned,
} from './client/index.ts';
