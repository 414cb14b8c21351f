/** Application Auto Scaling's operations. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ofCluster } from '../../../../src/control/service/scaling/lookups.ts';
import { ScalingWorld, TARGET, tracking } from '../../../support/scaling-world.ts';

const BOUNDS = { MinCapacity: 1, MaxCapacity: 4 };
const ACTION = {
  ScheduledActionName: 'night',
  Schedule: 'cron(0 22 * * ? *)',
  ScalableTargetAction: { MaxCapacity: 2 },
};
const WEB = [{ Name: 'CacheClusterId', Value: 'web' }];
const custom = (more: object) => {
  const metric = { Namespace: 'AWS/ElastiCache', MetricName: 'Evictions', Dimensions: WEB };
  return tracking('Evictions', 5, { CustomizedMetricSpecification: { ...metric, ...more } });
};

describe('Application Auto Scaling', () => {
  let it: ScalingWorld;
  beforeEach(() => {
    it = new ScalingWorld();
    it.create(2);
    it.ask('RegisterScalableTarget', { ...BOUNDS, Tags: { team: 'a', __proto__: null } });
  });

  test('a target is registered, changed, shown with its tags, and deregistered', () => {
    const arn = it.ask('RegisterScalableTarget', { MaxCapacity: 5 })['ScalableTargetARN'];
    expect(it.ask('DescribeScalableTargets')['ScalableTargets']).toMatchObject([
      { ...TARGET, MinCapacity: 1, MaxCapacity: 5, ScalableTargetARN: arn },
    ]);
    it.ask('TagResource', { ResourceARN: arn, Tags: { team: 'b', stage: 'x' } });
    it.ask('UntagResource', { ResourceARN: arn, TagKeys: ['stage'] });
    expect(it.ask('ListTagsForResource', { ResourceARN: arn })).toEqual({ Tags: { team: 'b' } });
    it.ask('PutScalingPolicy', tracking('Evictions', 5));
    it.ask('PutScheduledAction', ACTION);
    it.ask('DeregisterScalableTarget');
    expect(it.ask('DescribeScalingPolicies')['ScalingPolicies']).toEqual([]);
    expect(it.ask('DescribeScheduledActions')['ScheduledActions']).toEqual([]);
    expect(it.codeOf('DeregisterScalableTarget')).toBe('ObjectNotFoundException');
    expect(it.codeOf('PutScheduledAction', ACTION)).toBe('ObjectNotFoundException');
    const tags = it.codeOf('ListTagsForResource', { ResourceARN: arn });
    expect(tags).toBe('ResourceNotFoundException');
  });

  test('a policy is shown as it was put, and replaced by its name', () => {
    const policy = tracking('Evictions', 5, { ScaleInCooldown: 60, DisableScaleIn: true });
    const arn = it.ask('PutScalingPolicy', tracking('CurrItems', 7))['PolicyARN'];
    const put = it.ask('PutScalingPolicy', policy);
    expect(put).toMatchObject({ Alarms: [] });
    const all = it.ask('DescribeScalingPolicies', { PolicyNames: ['on-Evictions'] });
    expect(all['ScalingPolicies']).toMatchObject([{ ...policy, PolicyARN: put['PolicyARN'] }]);
    const byArn = it.ask('DescribeScalingPolicies', { PolicyNames: [arn] })['ScalingPolicies'];
    expect(byArn).toMatchObject([{ PolicyName: 'on-CurrItems' }]);
    expect(it.ask('PutScalingPolicy', tracking('CurrItems', 8))['PolicyARN']).toBe(arn);
    it.ask('DeleteScalingPolicy', { PolicyName: 'on-CurrItems' });
    const gone = it.codeOf('DeleteScalingPolicy', { PolicyName: 'on-CurrItems' });
    expect(gone).toBe('ObjectNotFoundException');
  });

  test('an update of a scheduled action keeps what it leaves out, but no start and end', () => {
    const start = it.api.nowMs / 1000 + 60;
    it.ask('PutScheduledAction', { ...ACTION, StartTime: start, EndTime: start + 1e6 });
    const shown = () => it.ask('DescribeScheduledActions')['ScheduledActions'];
    expect(shown()).toMatchObject([{ ...ACTION, StartTime: start, EndTime: start + 1e6 }]);
    it.ask('PutScheduledAction', { ScheduledActionName: 'night', Timezone: 'Asia/Tokyo' });
    expect(shown()).toMatchObject([{ ...ACTION, Timezone: 'Asia/Tokyo' }]);
    expect(shown()).not.toMatchObject([{ StartTime: start }]);
  });

  test('a listing comes in pages', () => {
    for (let nth = 0; nth < 7; nth++) {
      it.ask('PutScheduledAction', { ...ACTION, ScheduledActionName: `night-${nth}` });
    }
    const names: string[] = [];
    let token: unknown;
    do {
      const page = it.ask('DescribeScheduledActions', { MaxResults: 3, NextToken: token });
      const actions = page['ScheduledActions'] as { ScheduledActionName: string }[];
      names.push(...actions.map(({ ScheduledActionName }) => ScheduledActionName));
      token = page['NextToken'];
    } while (token !== undefined);
    expect(names).toEqual(Array.from({ length: 7 }, (_, nth) => `night-${nth}`));
    const wrong = it.codeOf('DescribeScheduledActions', { NextToken: 'x' });
    expect(wrong).toBe('InvalidNextTokenException');
  });

  test.each([
    ['RegisterScalableTarget', { ServiceNamespace: 'ecs' }],
    ['RegisterScalableTarget', { ResourceId: 'cache-cluster/none' }],
    ['RegisterScalableTarget', { ResourceId: 'web' }],
    ['RegisterScalableTarget', { ScalableDimension: 'elasticache:replication-group:Replicas' }],
    ['RegisterScalableTarget', { MinCapacity: 5 }],
    ['RegisterScalableTarget', { MinCapacity: 0 }],
    ['RegisterScalableTarget', { MaxCapacity: 61 }],
    ['RegisterScalableTarget', { Tags: { a: 'b' } }],
    ['PutScalingPolicy', { ...tracking('Evictions', 5), PolicyType: 'StepScaling' }],
    ['PutScalingPolicy', tracking('Evictions', 0)],
    ['PutScalingPolicy', tracking('Evictions', 5, { ScaleInCooldown: -1 })],
    ['PutScalingPolicy', tracking('Evictions', 5, {}, 'AWS/EC2')],
    ['PutScalingPolicy', tracking('constructor', 5)],
    ['PutScalingPolicy', tracking('Evictions', 5, { CustomizedMetricSpecification: undefined })],
    [
      'PutScalingPolicy',
      tracking('Evictions', 5, {
        CustomizedMetricSpecification: undefined,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      }),
    ],
    ['PutScalingPolicy', custom({ Unit: 'x'.repeat(256) })],
    ['PutScalingPolicy', custom({ Dimensions: [...WEB, { Name: 'CacheNodeId', Value: '1' }] })],
    ['PutScheduledAction', { ...ACTION, Schedule: 'every night' }],
    ['PutScheduledAction', { ...ACTION, Schedule: undefined }],
    ['PutScheduledAction', { ...ACTION, Schedule: 'at(2020-01-01T00:00:00)' }],
    ['PutScheduledAction', { ...ACTION, Timezone: 'Mars/Olympus' }],
    ['PutScheduledAction', { ...ACTION, ScalableTargetAction: {} }],
    ['PutScheduledAction', { ...ACTION, ScalableTargetAction: { MinCapacity: 3, MaxCapacity: 2 } }],
    ['PutScheduledAction', { ...ACTION, ScheduledActionName: 'a/b' }],
    ['DescribeScalableTargets', { MaxResults: 51 }],
    ['DescribeScalingActivities', { ResourceId: '' }],
    ['PutScalingPolicy', { PolicyName: undefined }],
  ])('%s with %j is a ValidationException', (operation, members) => {
    expect(it.codeOf(operation, members)).toBe('ValidationException');
  });

  test('an operation that is not offered is unknown', () => {
    expect(it.codeOf('GetPredictiveScalingForecast')).toBe('UnknownOperationException');
    expect(it.codeOf('constructor')).toBe('UnknownOperationException');
  });

  test('the policy of a key decides by the ARN of the cluster', () => {
    const guarded = new ScalingWorld({ checksAccess: true });
    const resources = ['arn:aws:elasticache:*:*:cluster:other'];
    const actions = ['application-autoscaling:*'];
    const policy = [{ effect: 'Allow', actions, resources }] as const;
    guarded.api.state.addAccessKey({ id: 'KEY', secret: 'x', policy });
    expect(guarded.codeOf('RegisterScalableTarget', BOUNDS)).toBe('AccessDeniedException');
    expect(guarded.codeOf('DescribeScalableTargets')).toBe('AccessDeniedException');
    const allowed = { ResourceId: 'cache-cluster/other' };
    expect(guarded.codeOf('DescribeScalableTargets', allowed)).toBe('AccessDeniedException');
    expect(guarded.codeOf('DescribeScalingPolicies', allowed)).toBe('200');
    const other = { ...BOUNDS, ResourceId: 'cache-cluster/other' };
    expect(guarded.codeOf('RegisterScalableTarget', other)).toBe('ValidationException');
  });

  test('a cluster has nothing of an older one of its name', () => {
    const arn = it.ask('RegisterScalableTarget')['ScalableTargetARN'];
    it.ask('PutScalingPolicy', tracking('Evictions', 5));
    it.api.state.remove('cluster', 'web');
    it.api.nowMs += 1000;
    it.create(2);
    const late = it.codeOf('PutScalingPolicy', tracking('CurrItems', 5));
    expect(late).toBe('ObjectNotFoundException');
    expect(it.codeOf('RegisterScalableTarget')).toBe('ValidationException');
    expect(it.ask('RegisterScalableTarget', BOUNDS)['ScalableTargetARN']).not.toBe(arn);
    expect(it.ask('DescribeScalingPolicies')['ScalingPolicies']).toEqual([]);
  });

  test('the records of other clusters are not read', () => {
    const { state } = it.api;
    it.ask('PutScheduledAction', ACTION);
    const action = state.list('scheduledaction')[0]!;
    for (let nth = 0; nth < 300; nth++) {
      state.put('scheduledaction', `zoo/${nth}`, { ...action, cluster: 'zoo', id: `zoo/${nth}` });
    }
    const list = vi.spyOn(state, 'list');
    expect(ofCluster('scheduledaction', 'web', it.api)).toEqual([action]);
    expect(list.mock.results.map(({ value }) => (value as object[]).length)).toEqual([200]);
  });

  test('a target has bounded policies and scheduled actions', () => {
    for (let nth = 0; nth < 200; nth++) {
      it.ask('PutScheduledAction', { ...ACTION, ScheduledActionName: `night-${nth}` });
    }
    expect(it.codeOf('PutScheduledAction', ACTION)).toBe('LimitExceededException');
    for (let nth = 0; nth < 50; nth++) {
      it.ask('PutScalingPolicy', { ...tracking('Evictions', 5), PolicyName: `p${nth}` });
    }
    const more = it.codeOf('PutScalingPolicy', tracking('Evictions', 5));
    expect(more).toBe('LimitExceededException');
  });
});
