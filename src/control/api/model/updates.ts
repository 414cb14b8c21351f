import { boolean, integer, list, oneOf, required, text } from '../fields.ts';
import { operation } from '../operation.ts';
import {
  processedUpdateAction,
  serviceUpdate,
  timeRangeFilter,
  unprocessedUpdateAction,
  updateAction,
} from './updates-shapes.ts';

export const UPDATES_OPERATIONS = {
  DescribeServiceUpdates: operation({
    input: {
      ServiceUpdateName: text,
      ServiceUpdateStatus: list('member', oneOf('available', 'cancelled', 'expired')),
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Marker: text,
      ServiceUpdates: list('ServiceUpdate', serviceUpdate),
    },
    errors: ['ServiceUpdateNotFoundFault', 'InvalidParameterValue', 'InvalidParameterCombination'],
  }),
  DescribeUpdateActions: operation({
    input: {
      ServiceUpdateName: text,
      ReplicationGroupIds: list('member', text),
      CacheClusterIds: list('member', text),
      Engine: text,
      ServiceUpdateStatus: list('member', oneOf('available', 'cancelled', 'expired')),
      ServiceUpdateTimeRange: timeRangeFilter,
      UpdateActionStatus: list(
        'member',
        oneOf(
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
      ),
      ShowNodeLevelUpdateStatus: boolean,
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Marker: text,
      UpdateActions: list('UpdateAction', updateAction),
    },
    errors: ['InvalidParameterValue', 'InvalidParameterCombination'],
  }),
  BatchApplyUpdateAction: operation({
    input: {
      ReplicationGroupIds: list('member', text),
      CacheClusterIds: list('member', text),
      ServiceUpdateName: required(text),
    },
    output: {
      ProcessedUpdateActions: list('ProcessedUpdateAction', processedUpdateAction),
      UnprocessedUpdateActions: list('UnprocessedUpdateAction', unprocessedUpdateAction),
    },
    errors: ['ServiceUpdateNotFoundFault', 'InvalidParameterValue'],
  }),
  BatchStopUpdateAction: operation({
    input: {
      ReplicationGroupIds: list('member', text),
      CacheClusterIds: list('member', text),
      ServiceUpdateName: required(text),
    },
    output: {
      ProcessedUpdateActions: list('ProcessedUpdateAction', processedUpdateAction),
      UnprocessedUpdateActions: list('UnprocessedUpdateAction', unprocessedUpdateAction),
    },
    errors: ['ServiceUpdateNotFoundFault', 'InvalidParameterValue'],
  }),
} as const;
