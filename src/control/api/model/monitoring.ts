/** What is offered of CloudWatch: reading metrics. Version 2010-08-01, of botocore's model. */
import type { ApiTable } from '../api-table.ts';
import {
  boolean,
  decimal,
  integer,
  list,
  oneOf,
  required,
  structure,
  text,
  time,
} from '../fields.ts';
import { operation } from '../operation.ts';

const dimension = structure({ Name: required(text), Value: required(text) });
const metric = structure({
  Namespace: text,
  MetricName: text,
  Dimensions: list('member', dimension),
});
const message = structure({ Code: text, Value: text });

export const MONITORING_OPERATIONS = {
  GetMetricData: operation({
    input: {
      MetricDataQueries: required(
        list(
          'member',
          structure({
            Id: required(text),
            MetricStat: structure({
              Metric: required(metric),
              Period: required(integer),
              Stat: required(text),
              Unit: text,
            }),
            Expression: text,
            Label: text,
            ReturnData: boolean,
          }),
        ),
      ),
      StartTime: required(time),
      EndTime: required(time),
      NextToken: text,
      ScanBy: oneOf('TimestampDescending', 'TimestampAscending'),
      MaxDatapoints: integer,
    },
    output: {
      MetricDataResults: list(
        'member',
        structure({
          Id: text,
          Label: text,
          Timestamps: list('member', time),
          Values: list('member', decimal),
          StatusCode: text,
          Messages: list('member', message),
        }),
      ),
      NextToken: text,
      Messages: list('member', message),
    },
    errors: ['InvalidNextToken'],
  }),
  GetMetricStatistics: operation({
    input: {
      Namespace: required(text),
      MetricName: required(text),
      Dimensions: list('member', dimension),
      StartTime: required(time),
      EndTime: required(time),
      Period: required(integer),
      Statistics: list('member', text),
      ExtendedStatistics: list('member', text),
      Unit: text,
    },
    output: {
      Label: text,
      Datapoints: list(
        'member',
        structure({
          Timestamp: time,
          SampleCount: decimal,
          Average: decimal,
          Sum: decimal,
          Minimum: decimal,
          Maximum: decimal,
          Unit: text,
        }),
      ),
    },
    errors: ['InvalidParameterValue', 'MissingParameter', 'InvalidParameterCombination'],
  }),
  ListMetrics: operation({
    input: {
      Namespace: text,
      MetricName: text,
      Dimensions: list('member', structure({ Name: required(text), Value: text })),
      NextToken: text,
      RecentlyActive: oneOf('PT3H'),
    },
    output: { Metrics: list('member', metric), NextToken: text },
    errors: ['InvalidParameterValue'],
  }),
} as const;

const VERSION = '2010-08-01';

export const MONITORING_API = {
  service: 'monitoring',
  version: VERSION,
  namespace: `http://monitoring.amazonaws.com/doc/${VERSION}/`,
  target: 'GraniteServiceVersion20100801',
  jsonVersion: '1.0',
  isQueryCompatible: true,
  errorNames: {
    InternalFailure: 'InternalServiceFault',
    InvalidParameterCombination: 'InvalidParameterCombinationException',
    InvalidParameterValue: 'InvalidParameterValueException',
    MissingParameter: 'MissingRequiredParameterException',
  },
  operations: MONITORING_OPERATIONS,
} as const satisfies ApiTable;
