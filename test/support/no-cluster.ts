import type { ClusterThreads } from '../../src/node/node-handle.ts';

/** The threads of a node that has joined no cluster. */
export const NO_CLUSTER: ClusterThreads = {
  adopt: async () => [],
  report: async () => [],
  fastWalk: () => undefined,
  store: () => {
    throw new Error('only a member of a cluster needs the store on its main thread');
  },
};
