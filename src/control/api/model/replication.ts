import { integer, list, required, structure, text } from '../fields.ts';
import { operation } from '../operation.ts';

/** Memcached has no replication groups, so no reply has one. */
const group = structure({});

export const REPLICATION_OPERATIONS = {
  DescribeReplicationGroups: operation({
    input: { ReplicationGroupId: text, MaxRecords: integer, Marker: text },
    output: { Marker: text, ReplicationGroups: list('ReplicationGroup', group) },
    errors: [
      'ReplicationGroupNotFoundFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DescribeGlobalReplicationGroups: operation({
    input: { GlobalReplicationGroupId: text, MaxRecords: integer, Marker: text },
    output: { Marker: text, GlobalReplicationGroups: list('GlobalReplicationGroup', group) },
    errors: [
      'GlobalReplicationGroupNotFoundFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DeleteReplicationGroup: operation({
    input: { ReplicationGroupId: required(text) },
    output: { ReplicationGroup: group },
    errors: ['ReplicationGroupNotFoundFault'],
  }),
} as const;

/** The operations that only Redis and Valkey have, with the error of their models that fits. */
export const FOREIGN_OPERATIONS: Readonly<Record<string, string>> = {
  CompleteMigration: 'ReplicationGroupNotFoundFault',
  CreateGlobalReplicationGroup: 'ReplicationGroupNotFoundFault',
  CreateReplicationGroup: 'InvalidParameterCombination',
  DecreaseNodeGroupsInGlobalReplicationGroup: 'GlobalReplicationGroupNotFoundFault',
  DecreaseReplicaCount: 'ReplicationGroupNotFoundFault',
  DeleteGlobalReplicationGroup: 'GlobalReplicationGroupNotFoundFault',
  DisassociateGlobalReplicationGroup: 'GlobalReplicationGroupNotFoundFault',
  FailoverGlobalReplicationGroup: 'GlobalReplicationGroupNotFoundFault',
  IncreaseNodeGroupsInGlobalReplicationGroup: 'GlobalReplicationGroupNotFoundFault',
  IncreaseReplicaCount: 'ReplicationGroupNotFoundFault',
  ModifyGlobalReplicationGroup: 'GlobalReplicationGroupNotFoundFault',
  ModifyReplicationGroup: 'ReplicationGroupNotFoundFault',
  ModifyReplicationGroupShardConfiguration: 'ReplicationGroupNotFoundFault',
  RebalanceSlotsInGlobalReplicationGroup: 'GlobalReplicationGroupNotFoundFault',
  StartMigration: 'ReplicationGroupNotFoundFault',
  TestFailover: 'ReplicationGroupNotFoundFault',
  TestMigration: 'ReplicationGroupNotFoundFault',
};
