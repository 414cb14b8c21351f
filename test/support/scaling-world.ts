/** Application Auto Scaling over clusters without nodes, on a simulated clock. */
import { expect } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import type { HttpReply } from '../../src/control/api/api.ts';
import type { Apis } from '../../src/control/api/apis.ts';
import { ClusterMetrics } from '../../src/control/metrics/cluster-metrics.ts';
import { readStats } from '../../src/control/metrics/reading.ts';
import { Scaler } from '../../src/control/scaling/scaler.ts';
import { apisOf } from '../../src/control/service/apis-of.ts';
import { ApiHarness } from './control-api.ts';
import { statsText } from './control-stats.ts';

const TICK_MS = 5000;
/** Of the cluster `web`. */
export const TARGET = {
  ServiceNamespace: 'elasticache',
  ResourceId: 'cache-cluster/web',
  ScalableDimension: 'elasticache:cache-cluster:Nodes',
};

/** What each node shows at a time, by the number of nodes that there are. */
type Load = (nowMs: number, nodes: number) => Parameters<typeof statsText>[0];

export class ScalingWorld {
  readonly api: ApiHarness;
  readonly metrics = new ClusterMetrics();
  readonly scaler: Scaler;
  readonly #apis: Apis;

  constructor(options: { readonly checksAccess?: boolean } = {}) {
    this.api = new ApiHarness(options);
    const { service } = this.api;
    this.scaler = new Scaler({ service, metrics: this.metrics, log: silentLogger });
    this.#apis = apisOf({
      service,
      metrics: this.metrics,
      nowMs: () => this.api.nowMs,
      log: silentLogger,
    });
  }

  /** A cluster `web` that is available, with so many nodes. */
  create(nodes: number): void {
    const members = `CacheClusterId=web&NumCacheNodes=${nodes}&CacheNodeType=slabring.64x1`;
    expect(this.api.codeOf('CreateCacheCluster', members)).toBe('200');
    this.api.settle('web');
  }

  get nodes(): number {
    return this.api.state.get('cluster', 'web')!.nodes.length;
  }

  /** The status and the body of a reply. */
  send(operation: string, body: string, target = 'AnyScaleFrontendService') {
    const reply = this.post(body, { 'x-amz-target': `${target}.${operation}` });
    return { status: reply.status, body: JSON.parse(reply.body) as Record<string, unknown> };
  }

  post(body: string, headers: Record<string, string> = {}): HttpReply {
    const request = { method: 'POST', path: '/', query: '', headers, body: Buffer.from(body) };
    return this.#apis.of(request).answer(request, 'KEY');
  }

  /** The members of a reply that is no error; `members` beside those that name the target. */
  ask(operation: string, members: object = {}): Record<string, unknown> {
    const { status, body } = this.send(operation, JSON.stringify({ ...TARGET, ...members }));
    expect([status, body]).toEqual([200, body]);
    return body;
  }

  /** The name of an error, or `200`. */
  codeOf(operation: string, members: object = {}): unknown {
    const { status, body } = this.send(operation, JSON.stringify({ ...TARGET, ...members }));
    return status === 200 ? '200' : body['__type'];
  }

  get activities() {
    const { ScalingActivities: all } = this.ask('DescribeScalingActivities');
    return all as readonly { Description: string; Cause: string; StatusCode: string }[];
  }

  /**
   * Lets time pass. Nodes come and go within a tick.
   * @returns the number of nodes after each change, with the minute since the start.
   */
  run(minutes: number, load: Load): readonly string[] {
    const changes: string[] = [];
    const startMs = this.api.nowMs;
    while (this.api.nowMs < startMs + minutes * 60_000) {
      this.api.nowMs += TICK_MS;
      const before = this.nodes;
      this.#sample(load);
      this.scaler.look();
      this.api.settle('web');
      if (this.nodes === before) continue;
      changes.push(`${Math.floor((this.api.nowMs - startMs) / 60_000)}: ${this.nodes}`);
    }
    return changes;
  }

  #sample(load: Load): void {
    const { nowMs } = this.api;
    const nodes = this.api.state.get('cluster', 'web')!.nodes.map(({ id }) => id);
    for (const node of nodes) {
      const text = statsText(load(nowMs, nodes.length));
      this.metrics.add('web', node, readStats(text, nowMs)!);
    }
    this.metrics.keep(new Map([['web', new Set(nodes)]]));
  }
}

/** A policy that tracks a metric of CloudWatch's names. */
export const tracking = (name: string, target: number, more: object = {}, namespace?: string) => ({
  PolicyName: `on-${name}`,
  PolicyType: 'TargetTrackingScaling',
  TargetTrackingScalingPolicyConfiguration: {
    TargetValue: target,
    CustomizedMetricSpecification: {
      MetricName: name,
      Namespace: namespace ?? 'AWS/ElastiCache',
      Dimensions: [{ Name: 'CacheClusterId', Value: 'web' }],
      Statistic: 'Average',
    },
    ...more,
  },
});
