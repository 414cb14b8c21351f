/** The package's door `slabring/server`: run a cache node inside your own process. */
export { CodedError } from './base/index.ts';
export {
  defaultServerOptions,
  type ListenAddress,
  type NodeHandle,
  type ServerOptions,
  startNode,
} from './server/index.ts';
