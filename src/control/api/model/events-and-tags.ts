import { integer, list, oneOf, required, structure, text, time } from '../fields.ts';
import { operation } from '../operation.ts';
import { tag } from './shared.ts';

const event = structure({
  SourceIdentifier: text,
  SourceType: oneOf(
    'cache-cluster',
    'cache-parameter-group',
    'cache-security-group',
    'cache-subnet-group',
    'replication-group',
    'serverless-cache',
    'serverless-cache-snapshot',
    'user',
    'user-group',
  ),
  Message: text,
  Date: time,
});

export const EVENTS_AND_TAGS_OPERATIONS = {
  DescribeEvents: operation({
    input: {
      SourceIdentifier: text,
      SourceType: oneOf(
        'cache-cluster',
        'cache-parameter-group',
        'cache-security-group',
        'cache-subnet-group',
        'replication-group',
        'serverless-cache',
        'serverless-cache-snapshot',
        'user',
        'user-group',
      ),
      StartTime: time,
      EndTime: time,
      Duration: integer,
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Marker: text,
      Events: list('Event', event),
    },
    errors: ['InvalidParameterValue', 'InvalidParameterCombination'],
  }),
  AddTagsToResource: operation({
    input: {
      ResourceName: required(text),
      Tags: required(list('Tag', tag)),
    },
    output: {
      TagList: list('Tag', tag),
    },
    errors: [
      'CacheClusterNotFound',
      'CacheParameterGroupNotFound',
      'CacheSecurityGroupNotFound',
      'CacheSubnetGroupNotFoundFault',
      'InvalidReplicationGroupState',
      'ReplicationGroupNotFoundFault',
      'ReservedCacheNodeNotFound',
      'SnapshotNotFoundFault',
      'UserNotFound',
      'UserGroupNotFound',
      'ServerlessCacheNotFoundFault',
      'InvalidServerlessCacheStateFault',
      'ServerlessCacheSnapshotNotFoundFault',
      'InvalidServerlessCacheSnapshotStateFault',
      'TagQuotaPerResourceExceeded',
      'InvalidARN',
    ],
  }),
  ListTagsForResource: operation({
    input: {
      ResourceName: required(text),
    },
    output: {
      TagList: list('Tag', tag),
    },
    errors: [
      'CacheClusterNotFound',
      'CacheParameterGroupNotFound',
      'CacheSecurityGroupNotFound',
      'CacheSubnetGroupNotFoundFault',
      'InvalidReplicationGroupState',
      'ReplicationGroupNotFoundFault',
      'ReservedCacheNodeNotFound',
      'SnapshotNotFoundFault',
      'UserNotFound',
      'UserGroupNotFound',
      'ServerlessCacheNotFoundFault',
      'InvalidServerlessCacheStateFault',
      'ServerlessCacheSnapshotNotFoundFault',
      'InvalidServerlessCacheSnapshotStateFault',
      'InvalidARN',
    ],
  }),
  RemoveTagsFromResource: operation({
    input: {
      ResourceName: required(text),
      TagKeys: required(list('member', text)),
    },
    output: {
      TagList: list('Tag', tag),
    },
    errors: [
      'CacheClusterNotFound',
      'CacheParameterGroupNotFound',
      'CacheSecurityGroupNotFound',
      'CacheSubnetGroupNotFoundFault',
      'InvalidReplicationGroupState',
      'ReplicationGroupNotFoundFault',
      'ReservedCacheNodeNotFound',
      'SnapshotNotFoundFault',
      'UserNotFound',
      'UserGroupNotFound',
      'ServerlessCacheNotFoundFault',
      'InvalidServerlessCacheStateFault',
      'ServerlessCacheSnapshotNotFoundFault',
      'InvalidServerlessCacheSnapshotStateFault',
      'InvalidARN',
      'TagNotFound',
    ],
  }),
} as const;
