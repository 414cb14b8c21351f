/** CloudWatch's operations. */
import { beforeAll, describe, expect, test } from 'vitest';
import { readStats } from '../../../../src/control/metrics/reading.ts';
import { hiddenName } from '../../../../src/control/model/serverless-names.ts';
import { textsIn } from '../../../support/control-api.ts';
import { statsText } from '../../../support/control-stats.ts';
import { ScalingWorld } from '../../../support/scaling-world.ts';

const TARGET = 'GraniteServiceVersion20100801';
const DIMENSIONS = [{ Name: 'CacheClusterId', Value: 'web' }];

interface Result {
  readonly Id: string;
  readonly StatusCode: string;
  readonly Timestamps: readonly number[];
  readonly Values: readonly number[];
}

describe('CloudWatch', () => {
  let it: ScalingWorld;
  let period: { readonly StartTime: number; readonly EndTime: number };
  beforeAll(() => {
    it = new ScalingWorld();
    it.create(2);
    it.run(10, () => ({ connections: 5 }));
    const now = it.api.nowMs / 1000;
    period = { StartTime: now - 600, EndTime: now };
  });

  const send = (operation: string, members: object) =>
    it.send(operation, JSON.stringify({ ...period, ...members }), TARGET);
  const query = (name: string, more: object = {}, id = 'q') => ({
    Id: id,
    MetricStat: {
      Metric: { Namespace: 'AWS/ElastiCache', MetricName: name, Dimensions: DIMENSIONS },
      ...{ Period: 60, Stat: 'Sum' },
      ...more,
    },
  });

  test('GetMetricStatistics has the wanted statistics of each period', () => {
    const members = {
      ...{ Namespace: 'AWS/ElastiCache', MetricName: 'CurrConnections', Dimensions: DIMENSIONS },
      ...{ Period: 300, Statistics: ['Average', 'Maximum'] },
    };
    const { status, body } = send('GetMetricStatistics', members);
    expect([status, body['Label']]).toEqual([200, 'CurrConnections']);
    expect(body['Datapoints']).toEqual(
      [600, 300].map((ago) => ({
        Timestamp: period.EndTime - ago,
        ...{ Average: 5, Maximum: 5, Unit: 'Count' },
      })),
    );
    const bytes = send('GetMetricStatistics', { ...members, Unit: 'Bytes' }).body;
    expect(bytes['Datapoints']).toEqual([]);
  });

  test('a form gets XML, as older command lines send it', () => {
    const time = (seconds: number): string => encodeURIComponent(new Date(seconds * 1000).toJSON());
    const form =
      'Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FElastiCache' +
      '&MetricName=CurrConnections&Dimensions.member.1.Name=CacheClusterId' +
      `&Dimensions.member.1.Value=web&StartTime=${time(period.StartTime)}` +
      `&EndTime=${time(period.EndTime)}&Period=600&Statistics.member.1=Sum`;
    const { status, body, headers } = it.post(form);
    expect([status, headers['content-type'], textsIn(body, 'Sum')]).toEqual([
      200,
      'text/xml',
      ['100'],
    ]);
    const target = { 'x-amz-target': `${TARGET}.ListMetrics` };
    // Clients that knew forms before find the same codes.
    expect(it.post('{"NextToken":"x"}', target).headers['x-amzn-query-error']).toBe(
      'InvalidParameterValue;Sender',
    );
    const wrong = it.post('Action=PutMetricData&Version=2010-08-01');
    expect(textsIn(wrong.body, 'Code')).toEqual(['InvalidAction']);
  });

  test('GetMetricData has several metrics, the newest first unless it is asked otherwise', () => {
    const queries = [query('CurrConnections'), query('CurrItems', {}, 'items')];
    const { body } = send('GetMetricData', { MetricDataQueries: queries });
    const [connections, items] = body['MetricDataResults'] as Result[];
    expect([connections!.Id, items!.Id]).toEqual(['q', 'items']);
    expect(connections!.Values).toEqual(Array(10).fill(10));
    expect(connections!.Timestamps[0]).toBeGreaterThan(connections!.Timestamps[1]!);
    const ascending = send('GetMetricData', {
      ...{ MetricDataQueries: queries, ScanBy: 'TimestampAscending' },
    }).body['MetricDataResults'] as Result[];
    expect(ascending[0]!.Timestamps).toEqual(connections!.Timestamps.toReversed());
  });

  test('the pages of GetMetricData have all datapoints once', () => {
    const MetricDataQueries = ['a', 'b', 'c'].map((id) => query('CurrConnections', {}, id));
    const points: string[] = [];
    let token: unknown;
    let pages = 0;
    do {
      const paged = { MaxDatapoints: 7, NextToken: token };
      const { body } = send('GetMetricData', { MetricDataQueries, ...paged });
      for (const { Id, Timestamps } of body['MetricDataResults'] as Result[]) {
        points.push(...Timestamps.map((time) => `${Id} ${time}`));
      }
      token = body['NextToken'];
      pages++;
    } while (token !== undefined);
    expect([points.length, new Set(points).size, pages]).toEqual([30, 30, 5]);
  });

  test('a page of GetMetricData reads a bounded number of nodes', () => {
    const many = new ScalingWorld();
    const ids = Array.from({ length: 60 }, (_, nth) => `${nth + 1}`.padStart(4, '0'));
    const reading = readStats(statsText({ connections: 5 }), many.api.nowMs - 60_000)!;
    for (const id of ids) many.metrics.add('web', id, reading);
    const MetricDataQueries = ids.slice(0, 20).map((id) => query('CurrConnections', {}, `q${id}`));
    const pages: string[][] = [];
    let token: unknown;
    do {
      const now = many.api.nowMs / 1000;
      const times = { StartTime: now - 600, EndTime: now };
      const body = JSON.stringify({ MetricDataQueries, ...times, NextToken: token });
      const reply = many.send('GetMetricData', body, TARGET).body;
      const results = reply['MetricDataResults'] as Result[];
      expect(results.map(({ Values }) => Values)).toEqual(results.map(() => [300]));
      pages.push(results.map(({ Id }) => Id));
      token = reply['NextToken'];
    } while (token !== undefined);
    expect(pages.map(({ length }) => length)).toEqual([8, 8, 4]);
    expect(pages.flat()).toEqual(MetricDataQueries.map(({ Id }) => Id));
  });

  test('ListMetrics comes in pages, and each metric of each node once', () => {
    const seen = new Set<string>();
    let token: unknown;
    do {
      const { body } = send('ListMetrics', { NextToken: token });
      for (const each of body['Metrics'] as object[]) seen.add(JSON.stringify(each));
      token = body['NextToken'];
    } while (token !== undefined);
    const one = send('ListMetrics', {
      MetricName: 'Evictions',
      Dimensions: [{ Name: 'CacheNodeId' }],
    }).body['Metrics'] as object[];
    expect(one).toEqual(
      ['0001', '0002'].map((Value) => ({
        Namespace: 'AWS/ElastiCache',
        MetricName: 'Evictions',
        Dimensions: [...DIMENSIONS, { Name: 'CacheNodeId', Value }],
      })),
    );
    const named = send('ListMetrics', { MetricName: 'Evictions' }).body['Metrics'] as object[];
    expect(named).toHaveLength(3);
    expect(seen.size % 3).toBe(0);
    expect(seen.size).toBeGreaterThan(90);
  });

  test('the nodes of a serverless cache have no metrics here', () => {
    const id = hiddenName('cache');
    it.metrics.add(id, '0001', readStats(statsText({ items: 3 }), it.api.nowMs)!);
    const listed = JSON.stringify(send('ListMetrics', { MetricName: 'CurrItems' }).body);
    expect(listed).not.toContain(id);
    const members = {
      ...{ Namespace: 'AWS/ElastiCache', MetricName: 'CurrItems', Period: 600 },
      ...{ Statistics: ['Sum'], Dimensions: [{ Name: 'CacheClusterId', Value: id }] },
    };
    const end = period.EndTime + 600;
    const { body } = send('GetMetricStatistics', { ...members, EndTime: end });
    expect(body['Datapoints']).toEqual([]);
    it.metrics.keep(new Map([['web', new Set(['0001', '0002'])]]));
  });

  test.each([
    ['GetMetricStatistics', { Period: 60 }, 'MissingRequiredParameterException'],
    ['GetMetricStatistics', { Period: 61 }, 'InvalidParameterValueException'],
    ['GetMetricStatistics', { Statistics: [] }, 'InvalidParameterValueException'],
    ['GetMetricStatistics', { Statistics: ['p99'] }, 'InvalidParameterValueException'],
    ['GetMetricStatistics', { StartTime: 2e9 }, 'InvalidParameterValueException'],
    ['GetMetricStatistics', { StartTime: 0 }, 'InvalidParameterCombinationException'],
    ['GetMetricData', {}, 'MissingRequiredParameterException'],
    ['GetMetricData', { MetricDataQueries: [{ Id: 'a', Expression: 'b' }] }, 'ValidationError'],
    ['GetMetricData', { MetricDataQueries: [query('A', { Stat: 'p99' })] }, 'ValidationError'],
    ['GetMetricData', { MetricDataQueries: [query('A', {}, 'Q')] }, 'ValidationError'],
    ['GetMetricData', { MetricDataQueries: [], MaxDatapoints: 0 }, 'ValidationError'],
    ['GetMetricData', { MetricDataQueries: [], NextToken: 'x' }, 'InvalidNextToken'],
    ['ListMetrics', { NextToken: 'x' }, 'InvalidParameterValueException'],
    ['PutMetricAlarm', {}, 'UnknownOperationException'],
  ])('%s with %j is a %s', (operation, members, name) => {
    const { Period: _none, ...metric } = {
      ...{ Namespace: 'AWS/ElastiCache', MetricName: 'CurrItems', Dimensions: DIMENSIONS },
      Period: 60,
    };
    const given = name === 'MissingRequiredParameterException' ? {} : { ...metric, Period: 60 };
    const { status, body } = send(operation, { ...given, Statistics: ['Sum'], ...members });
    expect([status, body['__type']]).toEqual([400, name]);
  });
});
