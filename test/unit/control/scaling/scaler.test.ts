/** Clusters whose number of nodes changes by itself, on a simulated clock. */
import { describe, expect, test } from 'vitest';
import { ScalingWorld, tracking } from '../../../support/scaling-world.ts';

function world(nodes: number, min: number, max: number): ScalingWorld {
  const made = new ScalingWorld();
  made.create(nodes);
  made.ask('RegisterScalableTarget', { MinCapacity: min, MaxCapacity: max });
  return made;
}

/** Connections of all nodes, spread over those that there are. */
const connected = (count: number) => (_now: number, nodes: number) => ({
  connections: count / nodes,
});
const idle = connected(0);

describe('the scaler', () => {
  test('a new target brings the cluster into its bounds', () => {
    const [few, many] = [world(1, 3, 5), world(6, 1, 4)];
    expect(few.run(1, idle)).toEqual(['0: 3']);
    expect(many.run(1, idle)).toEqual(['0: 4']);
    const [activity] = few.activities;
    expect(activity).toMatchObject({
      StatusCode: 'Successful',
      Cause: 'the minimum capacity is 3',
    });
    // The last nodes go.
    expect(many.api.state.get('cluster', 'web')!.nodes.at(-1)!.id).toBe('0004');
  });

  test('nodes follow a load up in minutes, and down slowly', () => {
    const it = world(2, 1, 8);
    it.ask('PutScalingPolicy', tracking('CurrConnections', 100));
    // 500 connections need 5 nodes.
    expect(it.run(30, connected(500))).toEqual(['3: 5']);
    // 150 need 2; one node goes after 15 minutes, and the next ones each 5 minutes.
    expect(it.run(60, connected(150))).toEqual(['15: 4', '20: 3', '25: 2']);
    expect(it.activities.map(({ StatusCode }) => StatusCode)).toEqual(Array(4).fill('Successful'));
    expect(it.activities.at(-1)!.Cause).toContain(
      'on-CurrConnections has its metric at 250, above',
    );
  });

  test('cooldowns of 0, as Terraform has them, change no node twice for the same minutes', () => {
    const it = world(2, 1, 20);
    const none = { ScaleOutCooldown: 0, ScaleInCooldown: 0 };
    it.ask('PutScalingPolicy', tracking('CurrConnections', 100, none));
    expect(it.run(30, connected(500))).toEqual(['3: 5']);
    expect(it.run(40, connected(320))).toEqual(['15: 4']);
  });

  test('a load that changes within minutes changes no nodes', () => {
    const it = world(3, 1, 8);
    it.ask('PutScalingPolicy', tracking('CurrConnections', 100));
    const changing = (now: number, nodes: number) =>
      connected(Math.floor(now / 120_000) % 2 === 0 ? 400 : 100)(now, nodes);
    expect(it.run(120, changing)).toEqual([]);
  });

  test('processors of nodes count as ElastiCache shows them', () => {
    const it = world(2, 1, 8);
    it.ask('PutScalingPolicy', {
      PolicyName: 'cpu',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 50,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ElastiCacheEngineCPUUtilization' },
      },
    });
    // Each node uses 90 % of its only thread.
    const startMs = it.api.nowMs;
    expect(it.run(5, (now) => ({ cpuSeconds: ((now - startMs) / 1000) * 0.9 }))).toEqual(['3: 4']);
  });

  test('predicted misses ask for more memory', () => {
    const it = world(1, 1, 2);
    it.ask('PutScalingPolicy', tracking('PredictedMisses', 60, {}, 'Slabring'));
    const startMs = it.api.nowMs;
    const load = (now: number) => ({ ghostHits: ((now - startMs) / 1000) * 10 });
    expect(it.run(5, load)).toEqual(['3: 2']);
  });

  test('evictions ask for nodes, and their end lets none go whose items have no room', () => {
    const it = world(2, 1, 3);
    it.ask('PutScalingPolicy', tracking('Evictions', 100));
    const startMs = it.api.nowMs;
    const full = 60 * 2 ** 20;
    const evicting = (now: number) => ({ evictions: (now - startMs) / 100, usedBytes: full });
    expect(it.run(5, evicting)).toEqual(['3: 3']);
    const evictions = (it.api.nowMs - startMs) / 100;
    const quiet = (_now: number, nodes: number) => ({ evictions, usedBytes: (2 * full) / nodes });
    expect(it.run(60, quiet)).toEqual([]);
    const small = () => ({ evictions, usedBytes: full / 10 });
    expect(it.run(10, small)).toEqual(['0: 2', '5: 1']);
  });

  test('without samples nothing changes', () => {
    const it = world(3, 1, 8);
    it.ask('PutScalingPolicy', tracking('CurrConnections', 100));
    it.run(20, connected(300));
    it.metrics.keep(new Map());
    it.api.nowMs += 60 * 60_000;
    it.scaler.look();
    expect(it.nodes).toBe(3);
  });

  test('a scheduled action sets the bounds at its time, and the nodes follow', () => {
    const it = world(2, 1, 2);
    // It is 8:00 UTC.
    it.ask('PutScheduledAction', {
      ScheduledActionName: 'morning',
      Schedule: 'cron(30 9 * * ? *)',
      Timezone: 'Europe/Berlin',
      ScalableTargetAction: { MinCapacity: 4, MaxCapacity: 6 },
    });
    it.ask('PutScheduledAction', {
      ScheduledActionName: 'once',
      Schedule: 'at(2026-11-29T08:45:00)',
      ScalableTargetAction: { MaxCapacity: 3 },
    });
    expect(it.run(60, idle)).toEqual(['30: 4', '45: 3']);
    expect(it.activities.map(({ Description }) => Description)).toEqual([
      'Setting the number of nodes to 3.',
      'Setting min capacity to 3 and max capacity to 3',
      'Setting the number of nodes to 4.',
      'Setting min capacity to 4 and max capacity to 6',
    ]);
    expect(it.activities[2]!.Cause).toContain('by the scheduled action morning');
    const names = it.ask('DescribeScheduledActions')['ScheduledActions'];
    expect(names).toMatchObject([{ ScheduledActionName: 'morning' }]);
    // The next day again.
    expect(it.run(24 * 60, idle)).toEqual(['1410: 4']);
  });

  test('only bounds that a scheduled action has set are its cause', () => {
    const it = world(2, 1, 8);
    it.ask('PutScheduledAction', {
      ...{ ScheduledActionName: 'soon', Schedule: 'at(2026-11-29T08:02:00)' },
      ScalableTargetAction: { MinCapacity: 2, MaxCapacity: 7 },
    });
    it.ask('PutScalingPolicy', tracking('CurrConnections', 100));
    expect(it.run(10, connected(500))).toEqual(['3: 5']);
    expect(it.activities[0]!.Cause).not.toContain('scheduled');
    expect(it.api.state.get('scalabletarget', 'web')?.scheduledBy).toBe('soon');
    it.ask('RegisterScalableTarget', { MinCapacity: 6 });
    expect(it.run(1, idle)).toEqual(['0: 6']);
    expect(it.activities[0]!.Cause).toBe('the minimum capacity is 6');
  });

  test('a run that was due while the manager was down is made once', () => {
    const it = world(2, 2, 2);
    const action = { MinCapacity: 3, MaxCapacity: 3 };
    it.ask('PutScheduledAction', {
      ...{ ScheduledActionName: 'often', Schedule: 'rate(1 minute)' },
      ScalableTargetAction: action,
    });
    it.api.nowMs += 3600_000;
    expect(it.run(0.5, idle)).toEqual(['0: 3']);
    expect(it.activities.filter(({ Cause }) => Cause.includes('triggered'))).toHaveLength(1);
  });

  test('what is suspended does not happen', () => {
    const it = world(2, 1, 8);
    const suspended = {
      DynamicScalingInSuspended: true,
      DynamicScalingOutSuspended: true,
      ScheduledScalingSuspended: true,
    };
    it.ask('RegisterScalableTarget', { SuspendedState: suspended });
    it.ask('PutScalingPolicy', tracking('CurrConnections', 100));
    it.ask('PutScheduledAction', {
      ...{ ScheduledActionName: 'often', Schedule: 'rate(1 minute)' },
      ScalableTargetAction: { MinCapacity: 5 },
    });
    expect(it.run(20, connected(900))).toEqual([]);
    expect(it.run(40, idle)).toEqual([]);
    it.ask('RegisterScalableTarget', { SuspendedState: { DynamicScalingInSuspended: false } });
    expect(it.run(5, idle)).toEqual(['0: 1']);
  });

  test('a change that waits for the window goes on waiting', () => {
    const it = world(2, 1, 8);
    const wait = 'CacheClusterId=web&CacheNodeType=slabring.128x1&NumCacheNodes=4';
    expect(it.api.codeOf('ModifyCacheCluster', wait)).toBe('200');
    it.ask('PutScalingPolicy', tracking('CurrConnections', 100));
    expect(it.run(5, connected(300))).toEqual(['3: 3']);
    const { nodeType, pending } = it.api.state.get('cluster', 'web')!;
    expect(nodeType).toBe('slabring.64x1');
    // A newer number of nodes replaces the one that waited.
    expect(pending).toEqual({ nodeType: 'slabring.128x1' });
  });

  test('a cluster that changes is left alone until it is available', () => {
    const it = world(2, 1, 8);
    const cluster = it.api.state.get('cluster', 'web')!;
    it.api.state.put('cluster', 'web', { ...cluster, status: 'modifying' });
    it.ask('RegisterScalableTarget', { MinCapacity: 4 });
    it.scaler.look();
    expect(it.nodes).toBe(2);
    it.api.settle('web');
    it.scaler.look();
    expect(it.nodes).toBe(4);
  });

  test('the target of a cluster that is gone, or is another one, is gone too', () => {
    const it = world(2, 1, 8);
    it.ask('PutScalingPolicy', tracking('CurrConnections', 100));
    it.api.state.remove('cluster', 'web');
    it.api.nowMs += 1;
    it.create(1);
    it.scaler.look();
    expect(it.nodes).toBe(1);
    expect(it.ask('DescribeScalableTargets')['ScalableTargets']).toEqual([]);
    expect(it.ask('DescribeScalingPolicies')['ScalingPolicies']).toEqual([]);
  });

  test('an activity that somebody overrides says so', () => {
    const it = world(2, 1, 8);
    it.ask('RegisterScalableTarget', { MinCapacity: 4 });
    it.scaler.look();
    it.api.settle('web');
    it.ask('RegisterScalableTarget', { MinCapacity: 1 });
    const modify = 'CacheClusterId=web&NumCacheNodes=5&ApplyImmediately=true';
    expect(it.api.codeOf('ModifyCacheCluster', modify)).toBe('200');
    it.api.settle('web');
    it.scaler.look();
    expect(it.activities[0]).toMatchObject({ StatusCode: 'Overridden' });
  });
});
