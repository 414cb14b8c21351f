/** The entry point `slabring/server` of the package: runs a cache node inside your own process. */
export { CodedError } from './base/index.ts';
export type { NodeControl } from './commands/index.ts';
export {
  defaultServerOptions,
  type NodeHandle,
  type RunningNode,
  type ServerOptions,
  startNode,
} from './node/index.ts';
export type { ListenAddress } from './server/index.ts';
