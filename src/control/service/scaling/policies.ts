/** Scaling policies: target tracking. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '../../api/errors.ts';
import type { SCALING_OPERATIONS } from '../../api/model/scaling.ts';
import type { InputOf } from '../../api/operation.ts';
import { ELASTICACHE, namedMetric, SLABRING } from '../../monitoring/metric-names.ts';
import type { ScalingPolicyRecord, TrackedMetric } from '../../scaling/records.ts';
import type { Context } from '../context.ts';
import {
  clusterIn,
  invalid,
  namedTarget,
  notFound,
  ofCluster,
  policyArn,
  targetOf,
} from './lookups.ts';
import type { ScalingHandlers } from './scaling-handlers.ts';
import { tokenPage } from './token-page.ts';

const POLICIES_MAX = 50;
const COOLDOWN_SECONDS_MAX = 86_400;
/** Printable, as the model says. */
const NAME = /^[\x20-\x7e]{1,256}$/;

const UNIT_CHARS_MAX = 255;
const NODE_ID = /^\d{4}$/;

type Put = InputOf<(typeof SCALING_OPERATIONS)['PutScalingPolicy']>;
type Tracking = NonNullable<Put['TargetTrackingScalingPolicyConfiguration']>;

const memoryUsage: TrackedMetric = {
  namespace: SLABRING,
  name: 'MemoryUsagePercentage',
  statistic: 'Average',
};

/** The metrics that have a name in the model. */
const PREDEFINED: Readonly<Record<string, TrackedMetric>> = {
  ElastiCacheEngineCPUUtilization: {
    namespace: ELASTICACHE,
    name: 'CPUUtilization',
    statistic: 'Average',
  },
  ElastiCacheDatabaseMemoryUsagePercentage: memoryUsage,
  ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage: memoryUsage,
};

function metricOf(tracking: Tracking, cluster: string): TrackedMetric {
  const predefined = tracking.PredefinedMetricSpecification?.PredefinedMetricType;
  const customized = tracking.CustomizedMetricSpecification;
  if ((predefined === undefined) === (customized === undefined)) {
    throw invalid('Give PredefinedMetricSpecification or CustomizedMetricSpecification.');
  }
  if (customized !== undefined) return customMetric(customized, cluster);
  const known = Object.hasOwn(PREDEFINED, predefined!) ? PREDEFINED[predefined!] : undefined;
  if (known !== undefined) return known;
  throw invalid(`PredefinedMetricType must be one of ${Object.keys(PREDEFINED).join(', ')}.`);
}

type Customized = NonNullable<Tracking['CustomizedMetricSpecification']>;

function customMetric(customized: Customized, cluster: string): TrackedMetric {
  const { Namespace: namespace = '', MetricName: name = '', Metrics, Statistic } = customized;
  if (Metrics !== undefined) throw invalid('Expressions of several metrics are not offered.');
  if (namedMetric(namespace, name) === undefined) {
    throw invalid('CustomizedMetricSpecification names no metric of here: see ListMetrics.');
  }
  const dimensions = new Map(customized.Dimensions?.map((each) => [each.Name, each.Value]));
  const { size } = dimensions;
  const node = dimensions.get('CacheNodeId');
  const isOwn = dimensions.get('CacheClusterId')?.toLowerCase() === cluster;
  if (!isOwn || size !== (node === undefined ? 1 : 2)) {
    throw invalid('The dimensions must be CacheClusterId, of this cluster, and maybe CacheNodeId.');
  }
  if (node !== undefined && !NODE_ID.test(node)) {
    throw invalid('CacheNodeId must be four digits, such as 0001.');
  }
  if ((customized.Unit?.length ?? 0) > UNIT_CHARS_MAX) {
    throw invalid(`Unit has at most ${UNIT_CHARS_MAX} characters.`);
  }
  return { namespace, name, node, statistic: Statistic ?? 'Average' };
}

function checkCooldown(name: string, seconds: number | undefined): void {
  if (seconds === undefined || (seconds >= 0 && seconds <= COOLDOWN_SECONDS_MAX)) return;
  throw invalid(`${name} is ${seconds}; it must be 0 to ${COOLDOWN_SECONDS_MAX} seconds.`);
}

function policyFrom(input: Put, cluster: string, context: Context): ScalingPolicyRecord {
  const tracking = input.TargetTrackingScalingPolicyConfiguration;
  if (input.PolicyType !== 'TargetTrackingScaling' || tracking === undefined) {
    throw invalid('The only PolicyType here is TargetTrackingScaling, with its configuration.');
  }
  if (!NAME.test(input.PolicyName)) throw invalid('PolicyName has 1 to 256 printable characters.');
  if (!(tracking.TargetValue > 0)) throw invalid('TargetValue must be more than 0.');
  checkCooldown('ScaleOutCooldown', tracking.ScaleOutCooldown);
  checkCooldown('ScaleInCooldown', tracking.ScaleInCooldown);
  const id = `${cluster}/${input.PolicyName}`;
  const known = context.state.get('scalingpolicy', id);
  return {
    id,
    name: input.PolicyName,
    cluster,
    uuid: known?.uuid ?? randomUUID(),
    createdMs: known?.createdMs ?? context.nowMs,
    target: tracking.TargetValue,
    metric: metricOf(tracking, cluster),
    predefined: tracking.PredefinedMetricSpecification?.PredefinedMetricType,
    unit: tracking.CustomizedMetricSpecification?.Unit,
    scaleOutCooldownSeconds: tracking.ScaleOutCooldown,
    scaleInCooldownSeconds: tracking.ScaleInCooldown,
    neverScalesIn: tracking.DisableScaleIn ?? false,
  };
}

function metricShown({ metric, predefined, unit, cluster }: ScalingPolicyRecord) {
  if (predefined !== undefined) {
    return { PredefinedMetricSpecification: { PredefinedMetricType: predefined } };
  }
  const { namespace, name, node, statistic } = metric;
  const dimensions = [{ Name: 'CacheClusterId', Value: cluster }];
  if (node !== undefined) dimensions.push({ Name: 'CacheNodeId', Value: node });
  return {
    CustomizedMetricSpecification: {
      MetricName: name,
      Namespace: namespace,
      Dimensions: dimensions,
      Statistic: statistic,
      Unit: unit,
    },
  };
}

const shown = (policy: ScalingPolicyRecord, context: Context) => ({
  PolicyARN: policyArn(policy, context),
  PolicyName: policy.name,
  ...namedTarget(policy.cluster),
  PolicyType: 'TargetTrackingScaling',
  TargetTrackingScalingPolicyConfiguration: {
    TargetValue: policy.target,
    ...metricShown(policy),
    ScaleOutCooldown: policy.scaleOutCooldownSeconds,
    ScaleInCooldown: policy.scaleInCooldownSeconds,
    DisableScaleIn: policy.neverScalesIn,
  },
  Alarms: [],
  CreationTime: policy.createdMs,
});

export const policyHandlers = {
  PutScalingPolicy: (input, context) => {
    const { state } = context;
    const cluster = targetOf(clusterIn(input)!, context).id;
    const policy = policyFrom(input, cluster, context);
    const isNew = state.get('scalingpolicy', policy.id) === undefined;
    if (isNew && ofCluster('scalingpolicy', cluster, context).length >= POLICIES_MAX) {
      throw new ApiError(
        'LimitExceededException',
        `A target has at most ${POLICIES_MAX} policies.`,
      );
    }
    state.put('scalingpolicy', policy.id, policy);
    return { PolicyARN: policyArn(policy, context), Alarms: [] };
  },

  DeleteScalingPolicy: (input, context) => {
    const id = `${clusterIn(input)!}/${input.PolicyName}`;
    if (context.state.get('scalingpolicy', id) === undefined) {
      throw notFound('There is no such scaling policy.');
    }
    context.state.remove('scalingpolicy', id);
    return {};
  },

  DescribeScalingPolicies: (input, context) => {
    const cluster = clusterIn(input);
    const { PolicyNames: names } = input;
    const all = context.state
      .list('scalingpolicy')
      .filter((each) => cluster === undefined || each.cluster === cluster)
      .filter((each) => names === undefined || names.some((name) => isNamed(each, name, context)));
    const { records, ...rest } = tokenPage(input, all);
    return { ...rest, ScalingPolicies: records.map((each) => shown(each, context)) };
  },
} satisfies ScalingHandlers;

/** A policy may be named by its ARN. */
const isNamed = (policy: ScalingPolicyRecord, name: string, context: Context): boolean =>
  policy.name === name || policyArn(policy, context) === name;
