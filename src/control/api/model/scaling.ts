/** Application Auto Scaling, version 2016-02-06, as botocore's model has it. */
import type { ApiTable } from '../api-table.ts';
import {
  boolean,
  decimal,
  integer,
  list,
  map,
  oneOf,
  required,
  structure,
  text,
  time,
} from '../fields.ts';
import { operation } from '../operation.ts';

const ALWAYS = ['ValidationException', 'ConcurrentUpdateException', 'InternalServiceException'];

/** What names a target; other namespaces and dimensions are refused by the handlers. */
const target = {
  ServiceNamespace: required(text),
  ResourceId: required(text),
  ScalableDimension: required(text),
};

const filter = {
  ServiceNamespace: required(text),
  ResourceId: text,
  ScalableDimension: text,
  MaxResults: integer,
  NextToken: text,
};

const suspendedState = structure({
  DynamicScalingInSuspended: boolean,
  DynamicScalingOutSuspended: boolean,
  ScheduledScalingSuspended: boolean,
});

const dimensions = list('member', structure({ Name: required(text), Value: required(text) }));
const STATISTICS = ['Average', 'Minimum', 'Maximum', 'SampleCount', 'Sum'] as const;

const tracking = structure({
  TargetValue: required(decimal),
  PredefinedMetricSpecification: structure({
    PredefinedMetricType: required(text),
    ResourceLabel: text,
  }),
  CustomizedMetricSpecification: structure({
    MetricName: text,
    Namespace: text,
    Dimensions: dimensions,
    Statistic: oneOf(...STATISTICS),
    Unit: text,
    Metrics: list('member', structure({ Id: required(text) })),
  }),
  ScaleOutCooldown: integer,
  ScaleInCooldown: integer,
  DisableScaleIn: boolean,
});

const capacity = structure({ MinCapacity: integer, MaxCapacity: integer });

export const SCALING_OPERATIONS = {
  RegisterScalableTarget: operation({
    input: {
      ...target,
      MinCapacity: integer,
      MaxCapacity: integer,
      RoleARN: text,
      SuspendedState: suspendedState,
      Tags: map,
    },
    output: { ScalableTargetARN: text },
    errors: [...ALWAYS, 'LimitExceededException'],
  }),
  DeregisterScalableTarget: operation({
    input: target,
    output: {},
    errors: [...ALWAYS, 'ObjectNotFoundException'],
  }),
  DescribeScalableTargets: operation({
    // Without ResourceId: who may ask for one cluster may not list all.
    input: {
      ServiceNamespace: required(text),
      ResourceIds: list('member', text),
      ScalableDimension: text,
      MaxResults: integer,
      NextToken: text,
    },
    output: {
      ScalableTargets: list(
        'member',
        structure({
          ...target,
          MinCapacity: required(integer),
          MaxCapacity: required(integer),
          RoleARN: required(text),
          CreationTime: required(time),
          SuspendedState: suspendedState,
          ScalableTargetARN: text,
        }),
      ),
      NextToken: text,
    },
    errors: [...ALWAYS, 'InvalidNextTokenException'],
  }),
  PutScalingPolicy: operation({
    input: {
      PolicyName: required(text),
      ...target,
      PolicyType: oneOf('StepScaling', 'TargetTrackingScaling', 'PredictiveScaling'),
      TargetTrackingScalingPolicyConfiguration: tracking,
    },
    output: {
      PolicyARN: required(text),
      Alarms: list('member', structure({ AlarmName: text, AlarmARN: text })),
    },
    errors: [...ALWAYS, 'LimitExceededException', 'ObjectNotFoundException'],
  }),
  DeleteScalingPolicy: operation({
    input: { PolicyName: required(text), ...target },
    output: {},
    errors: [...ALWAYS, 'ObjectNotFoundException'],
  }),
  DescribeScalingPolicies: operation({
    input: { PolicyNames: list('member', text), ...filter },
    output: {
      ScalingPolicies: list(
        'member',
        structure({
          PolicyARN: required(text),
          PolicyName: required(text),
          ...target,
          PolicyType: required(text),
          TargetTrackingScalingPolicyConfiguration: tracking,
          Alarms: list('member', structure({ AlarmName: text, AlarmARN: text })),
          CreationTime: required(time),
        }),
      ),
      NextToken: text,
    },
    errors: [...ALWAYS, 'InvalidNextTokenException'],
  }),
  PutScheduledAction: operation({
    input: {
      ...target,
      Schedule: text,
      Timezone: text,
      ScheduledActionName: required(text),
      StartTime: time,
      EndTime: time,
      ScalableTargetAction: capacity,
    },
    output: {},
    errors: [...ALWAYS, 'LimitExceededException', 'ObjectNotFoundException'],
  }),
  DeleteScheduledAction: operation({
    input: { ...target, ScheduledActionName: required(text) },
    output: {},
    errors: [...ALWAYS, 'ObjectNotFoundException'],
  }),
  DescribeScheduledActions: operation({
    input: { ScheduledActionNames: list('member', text), ...filter },
    output: {
      ScheduledActions: list(
        'member',
        structure({
          ScheduledActionName: required(text),
          ScheduledActionARN: required(text),
          ...target,
          Schedule: required(text),
          Timezone: text,
          StartTime: time,
          EndTime: time,
          ScalableTargetAction: capacity,
          CreationTime: required(time),
        }),
      ),
      NextToken: text,
    },
    errors: [...ALWAYS, 'InvalidNextTokenException'],
  }),
  DescribeScalingActivities: operation({
    input: { ...filter, IncludeNotScaledActivities: boolean },
    output: {
      ScalingActivities: list(
        'member',
        structure({
          ActivityId: required(text),
          ...target,
          Description: required(text),
          Cause: required(text),
          StartTime: required(time),
          EndTime: time,
          StatusCode: required(text),
          StatusMessage: text,
        }),
      ),
      NextToken: text,
    },
    errors: [...ALWAYS, 'InvalidNextTokenException'],
  }),
  TagResource: operation({
    input: { ResourceARN: required(text), Tags: required(map) },
    output: {},
    errors: ['ResourceNotFoundException', 'TooManyTagsException', 'ValidationException'],
  }),
  UntagResource: operation({
    input: { ResourceARN: required(text), TagKeys: required(list('member', text)) },
    output: {},
    errors: ['ResourceNotFoundException', 'ValidationException'],
  }),
  ListTagsForResource: operation({
    input: { ResourceARN: required(text) },
    output: { Tags: map },
    errors: ['ResourceNotFoundException'],
  }),
} as const;

export const SCALING_API = {
  service: 'application-autoscaling',
  version: '2016-02-06',
  namespace: 'http://autoscaling.amazonaws.com/doc/2016-02-06/',
  target: 'AnyScaleFrontendService',
  jsonVersion: '1.1',
  errorNames: {
    InternalFailure: 'InternalServiceException',
    InvalidParameterCombination: 'ValidationException',
    InvalidParameterValue: 'ValidationException',
    MissingParameter: 'ValidationException',
  },
  operations: SCALING_OPERATIONS,
} as const satisfies ApiTable;
