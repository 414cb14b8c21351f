/** The entry point `slabring/server` of the package: runs a cache node inside your own process. */
import { requireNode } from './base/index.ts';

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

const NODE_MAJOR_MIN = 24;

requireNode(NODE_MAJOR_MIN, 'slabring/server');
