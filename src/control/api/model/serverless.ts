import { boolean, integer, list, oneOf, required, text } from '../fields.ts';
import { operation } from '../operation.ts';
import { cacheUsageLimits, serverlessCache, serverlessCacheSnapshot } from './serverless-shapes.ts';
import { tag } from './shared.ts';

export const SERVERLESS_OPERATIONS = {
  CreateServerlessCache: operation({
    input: {
      ServerlessCacheName: required(text),
      Description: text,
      Engine: required(text),
      MajorEngineVersion: text,
      CacheUsageLimits: cacheUsageLimits,
      KmsKeyId: text,
      SecurityGroupIds: list('SecurityGroupId', text),
      SnapshotArnsToRestore: list('SnapshotArn', text),
      Tags: list('Tag', tag),
      UserGroupId: text,
      SubnetIds: list('SubnetId', text),
      SnapshotRetentionLimit: integer,
      DailySnapshotTime: text,
      NetworkType: oneOf('ipv4', 'ipv6', 'dual_stack'),
    },
    output: {
      ServerlessCache: serverlessCache,
    },
    errors: [
      'ServerlessCacheNotFoundFault',
      'InvalidServerlessCacheStateFault',
      'ServerlessCacheAlreadyExistsFault',
      'ServerlessCacheQuotaForCustomerExceededFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
      'InvalidCredentialsException',
      'InvalidUserGroupState',
      'UserGroupNotFound',
      'TagQuotaPerResourceExceeded',
      'ServiceLinkedRoleNotFoundFault',
    ],
  }),
  DescribeServerlessCaches: operation({
    input: {
      ServerlessCacheName: text,
      MaxResults: integer,
      NextToken: text,
    },
    output: {
      NextToken: text,
      ServerlessCaches: list('member', serverlessCache),
    },
    errors: [
      'ServerlessCacheNotFoundFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  ModifyServerlessCache: operation({
    input: {
      ServerlessCacheName: required(text),
      Description: text,
      CacheUsageLimits: cacheUsageLimits,
      RemoveUserGroup: boolean,
      UserGroupId: text,
      SecurityGroupIds: list('SecurityGroupId', text),
      SnapshotRetentionLimit: integer,
      DailySnapshotTime: text,
      Engine: text,
      MajorEngineVersion: text,
    },
    output: {
      ServerlessCache: serverlessCache,
    },
    errors: [
      'ServerlessCacheNotFoundFault',
      'InvalidServerlessCacheStateFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
      'InvalidCredentialsException',
      'InvalidUserGroupState',
      'UserGroupNotFound',
      'ServiceLinkedRoleNotFoundFault',
    ],
  }),
  DeleteServerlessCache: operation({
    input: {
      ServerlessCacheName: required(text),
      FinalSnapshotName: text,
    },
    output: {
      ServerlessCache: serverlessCache,
    },
    errors: [
      'ServerlessCacheNotFoundFault',
      'InvalidServerlessCacheStateFault',
      'ServerlessCacheSnapshotAlreadyExistsFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
      'InvalidCredentialsException',
      'ServiceLinkedRoleNotFoundFault',
    ],
  }),
  CreateServerlessCacheSnapshot: operation({
    input: {
      ServerlessCacheSnapshotName: required(text),
      ServerlessCacheName: required(text),
      KmsKeyId: text,
      Tags: list('Tag', tag),
    },
    output: {
      ServerlessCacheSnapshot: serverlessCacheSnapshot,
    },
    errors: [
      'ServerlessCacheSnapshotAlreadyExistsFault',
      'ServerlessCacheNotFoundFault',
      'InvalidServerlessCacheStateFault',
      'ServerlessCacheSnapshotQuotaExceededFault',
      'ServiceLinkedRoleNotFoundFault',
      'TagQuotaPerResourceExceeded',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  CopyServerlessCacheSnapshot: operation({
    input: {
      SourceServerlessCacheSnapshotName: required(text),
      TargetServerlessCacheSnapshotName: required(text),
      KmsKeyId: text,
      Tags: list('Tag', tag),
    },
    output: {
      ServerlessCacheSnapshot: serverlessCacheSnapshot,
    },
    errors: [
      'ServerlessCacheSnapshotAlreadyExistsFault',
      'ServerlessCacheSnapshotNotFoundFault',
      'ServerlessCacheSnapshotQuotaExceededFault',
      'InvalidServerlessCacheSnapshotStateFault',
      'ServiceLinkedRoleNotFoundFault',
      'TagQuotaPerResourceExceeded',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DescribeServerlessCacheSnapshots: operation({
    input: {
      ServerlessCacheName: text,
      ServerlessCacheSnapshotName: text,
      SnapshotType: text,
      NextToken: text,
      MaxResults: integer,
    },
    output: {
      NextToken: text,
      ServerlessCacheSnapshots: list('ServerlessCacheSnapshot', serverlessCacheSnapshot),
    },
    errors: [
      'ServerlessCacheNotFoundFault',
      'ServerlessCacheSnapshotNotFoundFault',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  ExportServerlessCacheSnapshot: operation({
    input: {
      ServerlessCacheSnapshotName: required(text),
      S3BucketName: required(text),
    },
    output: {
      ServerlessCacheSnapshot: serverlessCacheSnapshot,
    },
    errors: [
      'ServerlessCacheSnapshotNotFoundFault',
      'InvalidServerlessCacheSnapshotStateFault',
      'ServiceLinkedRoleNotFoundFault',
      'InvalidParameterValue',
    ],
  }),
  DeleteServerlessCacheSnapshot: operation({
    input: {
      ServerlessCacheSnapshotName: required(text),
    },
    output: {
      ServerlessCacheSnapshot: serverlessCacheSnapshot,
    },
    errors: [
      'ServiceLinkedRoleNotFoundFault',
      'ServerlessCacheSnapshotNotFoundFault',
      'InvalidServerlessCacheSnapshotStateFault',
      'InvalidParameterValue',
    ],
  }),
} as const;
