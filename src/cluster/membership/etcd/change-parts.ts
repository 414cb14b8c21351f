import type { ClusterTopology } from '../../../topology/index.ts';
import type { ClusterKeys, ClusterState } from './cluster-keys.ts';
import type { EtcdClient } from './etcd-client.ts';

/** What a command that changes nodes works with. */
export interface ChangeParts {
  readonly client: EtcdClient;
  readonly keys: ClusterKeys;
  readonly read: () => Promise<ClusterState>;
  /** Who changes the cluster: user, machine and process. */
  readonly by: string;
}

/** The state of a cluster that has begun. */
export type BegunState = ClusterState & { readonly newest: ClusterTopology };
