/** All operations that have a meaning here. */
import { ApiError } from '../api/errors.ts';
import { clusterHandlers } from './clusters.ts';
import type { Handlers } from './context.ts';
import { eventHandlers } from './events.ts';
import { networkHandlers } from './networks.ts';
import { parameterGroupHandlers } from './parameter-groups.ts';
import { serverlessHandlers } from './serverless.ts';
import { serverlessSnapshotHandlers } from './serverless-snapshots.ts';
import { serviceUpdateHandlers } from './service-updates.ts';
import { snapshotHandlers } from './snapshots.ts';
import { tagHandlers } from './tags.ts';
import { userGroupHandlers } from './user-groups.ts';
import { userHandlers } from './users.ts';

const noGroup = (): never => {
  const text = 'There are no replication groups: these clusters are Memcached.';
  throw new ApiError('ReplicationGroupNotFoundFault', text);
};

/** Of what Memcached does not have there is none. */
const emptyHandlers = {
  DescribeReplicationGroups: ({ ReplicationGroupId }) =>
    ReplicationGroupId === undefined ? { ReplicationGroups: [] } : noGroup(),
  DescribeGlobalReplicationGroups: () => ({ GlobalReplicationGroups: [] }),
  DeleteReplicationGroup: noGroup,
  DescribeReservedCacheNodes: () => ({ ReservedCacheNodes: [] }),
  DescribeReservedCacheNodesOfferings: () => ({ ReservedCacheNodesOfferings: [] }),
  PurchaseReservedCacheNodesOffering: () => {
    const text = 'Nobody sells nodes here: they are those of your machine.';
    throw new ApiError('ReservedCacheNodesOfferingNotFound', text);
  },
} satisfies Handlers;

export const HANDLERS: Handlers = {
  ...clusterHandlers,
  ...parameterGroupHandlers,
  ...networkHandlers,
  ...tagHandlers,
  ...eventHandlers,
  ...serviceUpdateHandlers,
  ...snapshotHandlers,
  ...userHandlers,
  ...userGroupHandlers,
  ...serverlessHandlers,
  ...serverlessSnapshotHandlers,
  ...emptyHandlers,
};
