/** Finds the node for a key and talks to it. */
export {
  CacheClient,
  type ClientEvents,
  createClient,
  type ManyStored,
  type ManyValues,
  type Versioned,
} from './cache-client.ts';
export { CacheError, FAILURES, type FailureCode } from './errors.ts';
export type { CallOptions, ClientOptions, StoreOptions } from './options.ts';
export { KetamaRing } from './ring/ketama.ts';
export { type NodeAddress, type NodeSpec, readNodes } from './topology.ts';
export type { Value } from './values/values.ts';
