import { boolean, list, oneOf, structure, text, time } from '../fields.ts';

export const serviceUpdate = structure({
  ServiceUpdateName: text,
  ServiceUpdateReleaseDate: time,
  ServiceUpdateEndDate: time,
  ServiceUpdateSeverity: oneOf('critical', 'important', 'medium', 'low'),
  ServiceUpdateRecommendedApplyByDate: time,
  ServiceUpdateStatus: oneOf('available', 'cancelled', 'expired'),
  ServiceUpdateDescription: text,
  ServiceUpdateType: oneOf('security-update'),
  Engine: text,
  EngineVersion: text,
  AutoUpdateAfterRecommendedApplyByDate: boolean,
  EstimatedUpdateTime: text,
});

export const timeRangeFilter = structure({
  StartTime: time,
  EndTime: time,
});

const nodeGroupMemberUpdateStatus = structure({
  CacheClusterId: text,
  CacheNodeId: text,
  NodeUpdateStatus: oneOf(
    'not-applied',
    'waiting-to-start',
    'in-progress',
    'stopping',
    'stopped',
    'complete',
  ),
  NodeDeletionDate: time,
  NodeUpdateStartDate: time,
  NodeUpdateEndDate: time,
  NodeUpdateInitiatedBy: oneOf('system', 'customer'),
  NodeUpdateInitiatedDate: time,
  NodeUpdateStatusModifiedDate: time,
});

const nodeGroupUpdateStatus = structure({
  NodeGroupId: text,
  NodeGroupMemberUpdateStatus: list('NodeGroupMemberUpdateStatus', nodeGroupMemberUpdateStatus),
});

const cacheNodeUpdateStatus = structure({
  CacheNodeId: text,
  NodeUpdateStatus: oneOf(
    'not-applied',
    'waiting-to-start',
    'in-progress',
    'stopping',
    'stopped',
    'complete',
  ),
  NodeDeletionDate: time,
  NodeUpdateStartDate: time,
  NodeUpdateEndDate: time,
  NodeUpdateInitiatedBy: oneOf('system', 'customer'),
  NodeUpdateInitiatedDate: time,
  NodeUpdateStatusModifiedDate: time,
});

export const updateAction = structure({
  ReplicationGroupId: text,
  CacheClusterId: text,
  ServiceUpdateName: text,
  ServiceUpdateReleaseDate: time,
  ServiceUpdateSeverity: oneOf('critical', 'important', 'medium', 'low'),
  ServiceUpdateStatus: oneOf('available', 'cancelled', 'expired'),
  ServiceUpdateRecommendedApplyByDate: time,
  ServiceUpdateType: oneOf('security-update'),
  UpdateActionAvailableDate: time,
  UpdateActionStatus: oneOf(
    'not-applied',
    'waiting-to-start',
    'in-progress',
    'stopping',
    'stopped',
    'complete',
    'scheduling',
    'scheduled',
    'not-applicable',
  ),
  NodesUpdated: text,
  UpdateActionStatusModifiedDate: time,
  SlaMet: oneOf('yes', 'no', 'n/a'),
  NodeGroupUpdateStatus: list('NodeGroupUpdateStatus', nodeGroupUpdateStatus),
  CacheNodeUpdateStatus: list('CacheNodeUpdateStatus', cacheNodeUpdateStatus),
  EstimatedUpdateTime: text,
  Engine: text,
});

export const processedUpdateAction = structure({
  ReplicationGroupId: text,
  CacheClusterId: text,
  ServiceUpdateName: text,
  UpdateActionStatus: oneOf(
    'not-applied',
    'waiting-to-start',
    'in-progress',
    'stopping',
    'stopped',
    'complete',
    'scheduling',
    'scheduled',
    'not-applicable',
  ),
});

export const unprocessedUpdateAction = structure({
  ReplicationGroupId: text,
  CacheClusterId: text,
  ServiceUpdateName: text,
  ErrorType: text,
  ErrorMessage: text,
});
