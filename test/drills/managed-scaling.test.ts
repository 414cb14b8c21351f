/** A cluster that scales by itself, as AWS's own clients ask for it, while its keys stay. */
import { execFile } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import {
  ApplicationAutoScalingClient,
  DescribeScalingActivitiesCommand,
  PutScalingPolicyCommand,
  PutScheduledActionCommand,
  paginateDescribeScheduledActions,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import {
  CloudWatchClient,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  paginateListMetrics,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { hits, KEYS, ManagerProcess, portsIn, WAIT_MS, write } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';
import { waitUntil } from '../support/wait.ts';

const run = promisify(execFile);
const TARGET = {
  ServiceNamespace: 'elasticache',
  ResourceId: 'cache-cluster/web',
  ScalableDimension: 'elasticache:cache-cluster:Nodes',
} as const;
const METRIC = {
  Namespace: 'AWS/ElastiCache',
  MetricName: 'CurrConnections',
  Dimensions: [{ Name: 'CacheClusterId', Value: 'web' }],
};
/** Three minutes above the target, and the time that a node needs. */
const SCALE_MS = 360_000;
const CONNECTIONS = 60;

describe('a cluster that scales by itself', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: ManagerProcess;
  let port: number;
  let scaling: ApplicationAutoScalingClient;
  let cloudWatch: CloudWatchClient;
  const open: Socket[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    manager = new ManagerProcess(`${folder.path}/data`, await freePort());
    await manager.start();
    const { url: endpoint, keys: credentials } = manager;
    scaling = new ApplicationAutoScalingClient({ endpoint, region: 'local', credentials });
    cloudWatch = new CloudWatchClient({ endpoint, region: 'local', credentials });
    await manager.ask(
      'Action=CreateCacheCluster&CacheClusterId=web&NumCacheNodes=2&CacheNodeType=slabring.64x1',
    );
    port = portsIn(await manager.available('web'))[0]!;
    await write(port);
  }, WAIT_MS);
  afterAll(async () => {
    for (const socket of open) socket.destroy();
    scaling.destroy();
    cloudWatch.destroy();
    await manager.ask('Action=DeleteCacheCluster&CacheClusterId=web').catch(() => {});
    await manager.gone('web').catch(() => {});
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);

  /** Resolves once the cluster has so many nodes, and serves; no key was lost. */
  const scaled = async (nodes: number): Promise<void> => {
    await waitUntil(
      `there are ${nodes} nodes`,
      async () => portsIn(await manager.available('web')).length === nodes,
      SCALE_MS,
    );
    expect(await hits(port)).toBe(KEYS);
    expect(await hits(port + nodes - 1)).toBe(KEYS);
  };

  test(
    'a scheduled action, and then a load, add nodes',
    async () => {
      const bounds = { MinCapacity: 2, MaxCapacity: 2 };
      await scaling.send(new RegisterScalableTargetCommand({ ...TARGET, ...bounds }));
      const soon = new Date(Date.now() + 5000).toISOString().slice(0, 19);
      await scaling.send(
        new PutScheduledActionCommand({
          ...{ ...TARGET, ScheduledActionName: 'soon', Schedule: `at(${soon})` },
          ScalableTargetAction: { MinCapacity: 3, MaxCapacity: 4 },
        }),
      );
      await scaling.send(
        new PutScheduledActionCommand({
          ...{ ...TARGET, ScheduledActionName: 'monthly', Schedule: 'cron(0 0 1 * ? *)' },
          ...{ Timezone: 'Europe/Berlin', ScalableTargetAction: { MinCapacity: 3 } },
        }),
      );
      await scaled(3);
      await scaling.send(
        new PutScalingPolicyCommand({
          ...{ ...TARGET, PolicyName: 'busy', PolicyType: 'TargetTrackingScaling' },
          TargetTrackingScalingPolicyConfiguration: {
            TargetValue: 10,
            CustomizedMetricSpecification: { ...METRIC, Statistic: 'Average' },
          },
        }),
      );
      for (let nth = 0; nth < CONNECTIONS; nth++) {
        open.push(connect(port + (nth % 3), '127.0.0.1').on('error', () => {}));
      }
      await scaled(4);
      const { ScalingActivities: all = [] } = await scaling.send(
        new DescribeScalingActivitiesCommand({ ServiceNamespace: 'elasticache' }),
      );
      const scaledBy = all.filter(({ Description }) => Description?.includes('number of nodes'));
      expect(scaledBy.map(({ Cause }) => Cause)).toEqual([
        expect.stringContaining('the policy busy has its metric'),
        'the minimum capacity is 3, by the scheduled action soon',
      ]);
      const names: unknown[] = [];
      const pages = paginateDescribeScheduledActions(
        { client: scaling, pageSize: 1 },
        { ServiceNamespace: 'elasticache' },
      );
      for await (const { ScheduledActions: actions = [] } of pages) {
        names.push(...actions.map(({ ScheduledActionName: name }) => name));
      }
      // The one of a single time is over.
      expect(names).toEqual(['monthly']);
    },
    2 * SCALE_MS,
  );

  test('the SDK reads the metrics', async () => {
    const EndTime = new Date(Date.now() + 60_000);
    const period = { StartTime: new Date(EndTime.getTime() - 900_000), EndTime };
    const { Datapoints: points = [] } = await cloudWatch.send(
      new GetMetricStatisticsCommand({ ...METRIC, ...period, Period: 60, Statistics: ['Maximum'] }),
    );
    expect(Math.max(...points.map(({ Maximum: value }) => value ?? 0))).toBeGreaterThan(10);
    expect(points[0]?.Timestamp).toBeInstanceOf(Date);
    const { MetricDataResults: results = [] } = await cloudWatch.send(
      new GetMetricDataCommand({
        ...period,
        MetricDataQueries: [
          { Id: 'items', MetricStat: { Metric: METRIC, Period: 60, Stat: 'Average' } },
        ],
      }),
    );
    // A minute may have begun since.
    expect([points.length, points.length + 1]).toContain(results[0]?.Values?.length);
    const listed = async (): Promise<number> => {
      let count = 0;
      const pages = paginateListMetrics({ client: cloudWatch }, { MetricName: 'CurrItems' });
      for await (const { Metrics: metrics = [] } of pages) count += metrics.length;
      return count;
    };
    // The cluster, and each of its nodes.
    await waitUntil('all nodes have samples', async () => (await listed()) === 5, WAIT_MS);
    const wrong = new GetMetricStatisticsCommand({ ...METRIC, ...period, Period: 7 });
    await expect(cloudWatch.send(wrong)).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
    const gone = { ...TARGET, ResourceId: 'cache-cluster/none' };
    await expect(
      scaling.send(new RegisterScalableTargetCommand({ ...gone, MinCapacity: 1, MaxCapacity: 2 })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('boto3 does the same', async ({ skip }) => {
    const hasBoto = await run('python3', ['-c', 'import boto3']).then(
      () => true,
      () => false,
    );
    if (!hasBoto) return skip('python3 has no boto3 (Debian: python3-boto3)');
    const script = [
      'import boto3, datetime, sys',
      "make = lambda name: boto3.client(name, endpoint_url=sys.argv[1], region_name='local')",
      "scaling, watch = make('application-autoscaling'), make('cloudwatch')",
      "[target] = scaling.describe_scalable_targets(ServiceNamespace='elasticache')[",
      "  'ScalableTargets']",
      "print(target['MinCapacity'], target['MaxCapacity'])",
      "[policy] = scaling.describe_scaling_policies(ServiceNamespace='elasticache')[",
      "  'ScalingPolicies']",
      "print(policy['PolicyName'], policy['CreationTime'].year > 2000)",
      "try: scaling.delete_scaling_policy(PolicyName='none', ServiceNamespace='elasticache',",
      "  ResourceId=policy['ResourceId'], ScalableDimension=policy['ScalableDimension'])",
      "except scaling.exceptions.ObjectNotFoundException: print('not found')",
      "names = {metric['MetricName'] for page in watch.get_paginator('list_metrics').paginate()",
      "  for metric in page['Metrics']}",
      'print(sorted(names)[:2])',
      'now = datetime.datetime.now(datetime.timezone.utc)',
      "points = watch.get_metric_statistics(Namespace='AWS/ElastiCache', Period=600,",
      "  MetricName='CurrItems', Dimensions=[{'Name': 'CacheClusterId', 'Value': 'web'}],",
      "  StartTime=now - datetime.timedelta(hours=1), EndTime=now, Statistics=['Maximum'])",
      "print(max(point['Maximum'] for point in points['Datapoints']) > 0)",
    ];
    const { accessKeyId, secretAccessKey } = manager.keys;
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const { stdout } = await run('python3', ['-c', script.join('\n'), manager.url], { env });
    expect(stdout.split('\n')).toEqual([
      ...['3 4', 'busy True', 'not found', "['BytesReadIntoMemcached', 'BytesUsedForCacheItems']"],
      ...['True', ''],
    ]);
  });
});
