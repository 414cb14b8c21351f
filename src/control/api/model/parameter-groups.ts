import { boolean, integer, list, oneOf, required, structure, text } from '../fields.ts';
import { operation } from '../operation.ts';
import { tag } from './shared.ts';

const cacheParameterGroup = structure({
  CacheParameterGroupName: text,
  CacheParameterGroupFamily: text,
  Description: text,
  IsGlobal: boolean,
  ARN: text,
});

const parameter = structure({
  ParameterName: text,
  ParameterValue: text,
  Description: text,
  Source: text,
  DataType: text,
  AllowedValues: text,
  IsModifiable: boolean,
  MinimumEngineVersion: text,
  ChangeType: oneOf('immediate', 'requires-reboot'),
});

const cacheNodeTypeSpecificValue = structure({
  CacheNodeType: text,
  Value: text,
});

const cacheNodeTypeSpecificParameter = structure({
  ParameterName: text,
  Description: text,
  Source: text,
  DataType: text,
  AllowedValues: text,
  IsModifiable: boolean,
  MinimumEngineVersion: text,
  CacheNodeTypeSpecificValues: list('CacheNodeTypeSpecificValue', cacheNodeTypeSpecificValue),
  ChangeType: oneOf('immediate', 'requires-reboot'),
});

const parameterNameValue = structure({
  ParameterName: text,
  ParameterValue: text,
});

const engineDefaults = structure({
  CacheParameterGroupFamily: text,
  Marker: text,
  Parameters: list('Parameter', parameter),
  CacheNodeTypeSpecificParameters: list(
    'CacheNodeTypeSpecificParameter',
    cacheNodeTypeSpecificParameter,
  ),
});

export const PARAMETER_GROUPS_OPERATIONS = {
  CreateCacheParameterGroup: operation({
    input: {
      CacheParameterGroupName: required(text),
      CacheParameterGroupFamily: required(text),
      Description: required(text),
      Tags: list('Tag', tag),
    },
    output: {
      CacheParameterGroup: cacheParameterGroup,
    },
    errors: [
      'CacheParameterGroupQuotaExceeded',
      'CacheParameterGroupAlreadyExists',
      'InvalidCacheParameterGroupState',
      'TagQuotaPerResourceExceeded',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DescribeCacheParameterGroups: operation({
    input: {
      CacheParameterGroupName: text,
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Marker: text,
      CacheParameterGroups: list('CacheParameterGroup', cacheParameterGroup),
    },
    errors: ['CacheParameterGroupNotFound', 'InvalidParameterValue', 'InvalidParameterCombination'],
  }),
  DescribeCacheParameters: operation({
    input: {
      CacheParameterGroupName: required(text),
      Source: text,
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Marker: text,
      Parameters: list('Parameter', parameter),
      CacheNodeTypeSpecificParameters: list(
        'CacheNodeTypeSpecificParameter',
        cacheNodeTypeSpecificParameter,
      ),
    },
    errors: ['CacheParameterGroupNotFound', 'InvalidParameterValue', 'InvalidParameterCombination'],
  }),
  ModifyCacheParameterGroup: operation({
    input: {
      CacheParameterGroupName: required(text),
      ParameterNameValues: required(list('ParameterNameValue', parameterNameValue)),
    },
    output: {
      CacheParameterGroupName: text,
    },
    errors: [
      'CacheParameterGroupNotFound',
      'InvalidCacheParameterGroupState',
      'InvalidParameterValue',
      'InvalidParameterCombination',
      'InvalidGlobalReplicationGroupState',
    ],
  }),
  ResetCacheParameterGroup: operation({
    input: {
      CacheParameterGroupName: required(text),
      ResetAllParameters: boolean,
      ParameterNameValues: list('ParameterNameValue', parameterNameValue),
    },
    output: {
      CacheParameterGroupName: text,
    },
    errors: [
      'InvalidCacheParameterGroupState',
      'CacheParameterGroupNotFound',
      'InvalidParameterValue',
      'InvalidParameterCombination',
      'InvalidGlobalReplicationGroupState',
    ],
  }),
  DeleteCacheParameterGroup: operation({
    input: {
      CacheParameterGroupName: required(text),
    },
    output: undefined,
    errors: [
      'InvalidCacheParameterGroupState',
      'CacheParameterGroupNotFound',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  DescribeEngineDefaultParameters: operation({
    input: {
      CacheParameterGroupFamily: required(text),
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      EngineDefaults: engineDefaults,
    },
    errors: ['InvalidParameterValue', 'InvalidParameterCombination'],
  }),
} as const;
