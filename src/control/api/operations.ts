/**
 * The operations of ElastiCache's API, version 2015-02-02: members, types, limits of values and
 * errors, as botocore's model has them. Parser, writer, documentation and handlers follow from it.
 */
import type { ApiTable } from './api-table.ts';
import { ApiError } from './errors.ts';
import { CLUSTERS_OPERATIONS } from './model/clusters.ts';
import { EVENTS_AND_TAGS_OPERATIONS } from './model/events-and-tags.ts';
import { NETWORKS_OPERATIONS } from './model/networks.ts';
import { PARAMETER_GROUPS_OPERATIONS } from './model/parameter-groups.ts';
import { FOREIGN_OPERATIONS, REPLICATION_OPERATIONS } from './model/replication.ts';
import { RESERVED_OPERATIONS } from './model/reserved.ts';
import { SERVERLESS_OPERATIONS } from './model/serverless.ts';
import { SNAPSHOTS_OPERATIONS } from './model/snapshots.ts';
import { UPDATES_OPERATIONS } from './model/updates.ts';
import { USERS_OPERATIONS } from './model/users.ts';

export const VERSION = '2015-02-02';

export const OPERATIONS = {
  ...CLUSTERS_OPERATIONS,
  ...PARAMETER_GROUPS_OPERATIONS,
  ...NETWORKS_OPERATIONS,
  ...EVENTS_AND_TAGS_OPERATIONS,
  ...SERVERLESS_OPERATIONS,
  ...SNAPSHOTS_OPERATIONS,
  ...UPDATES_OPERATIONS,
  ...USERS_OPERATIONS,
  ...RESERVED_OPERATIONS,
  ...REPLICATION_OPERATIONS,
} as const;

export type OperationName = keyof typeof OPERATIONS;

export const ELASTICACHE_API: ApiTable = {
  service: 'elasticache',
  version: VERSION,
  namespace: `http://elasticache.amazonaws.com/doc/${VERSION}/`,
  operations: OPERATIONS,
  whyNot: (name) => {
    const code = Object.hasOwn(FOREIGN_OPERATIONS, name) ? FOREIGN_OPERATIONS[name] : undefined;
    const text = `${name} is only for Redis and Valkey: these clusters are Memcached.`;
    return code === undefined ? undefined : new ApiError(code, text);
  },
};
