import { boolean, integer, list, required, text } from '../fields.ts';
import { operation } from '../operation.ts';
import { tag } from './shared.ts';
import { snapshot } from './snapshots-shapes.ts';

export const SNAPSHOTS_OPERATIONS = {
  CreateSnapshot: operation({
    input: {
      ReplicationGroupId: text,
      CacheClusterId: text,
      SnapshotName: required(text),
      KmsKeyId: text,
      Tags: list('Tag', tag),
    },
    output: {
      Snapshot: snapshot,
    },
    errors: [
      'SnapshotAlreadyExistsFault',
      'CacheClusterNotFound',
      'ReplicationGroupNotFoundFault',
      'InvalidCacheClusterState',
      'InvalidReplicationGroupState',
      'SnapshotQuotaExceededFault',
      'SnapshotFeatureNotSupportedFault',
      'TagQuotaPerResourceExceeded',
      'InvalidParameterCombination',
      'InvalidParameterValue',
    ],
  }),
  DescribeSnapshots: operation({
    input: {
      ReplicationGroupId: text,
      CacheClusterId: text,
      SnapshotName: text,
      SnapshotSource: text,
      Marker: text,
      MaxRecords: integer,
      ShowNodeGroupConfig: boolean,
    },
    output: {
      Marker: text,
      Snapshots: list('Snapshot', snapshot),
    },
    errors: [
      'CacheClusterNotFound',
      'SnapshotNotFoundFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  CopySnapshot: operation({
    input: {
      SourceSnapshotName: required(text),
      TargetSnapshotName: required(text),
      TargetBucket: text,
      KmsKeyId: text,
      Tags: list('Tag', tag),
    },
    output: {
      Snapshot: snapshot,
    },
    errors: [
      'SnapshotAlreadyExistsFault',
      'SnapshotNotFoundFault',
      'SnapshotQuotaExceededFault',
      'InvalidSnapshotState',
      'TagQuotaPerResourceExceeded',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DeleteSnapshot: operation({
    input: {
      SnapshotName: required(text),
    },
    output: {
      Snapshot: snapshot,
    },
    errors: [
      'SnapshotNotFoundFault',
      'InvalidSnapshotState',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
} as const;
