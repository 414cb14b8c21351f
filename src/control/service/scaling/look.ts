/** One look at a scalable target: what is over, what is due, and how many nodes there should be. */
import { type ClusterMetrics, totalOf } from '../../metrics/cluster-metrics.ts';
import { RESOLUTIONS } from '../../metrics/series.ts';
import { staying } from '../../model/node-count.ts';
import type { ClusterRecord } from '../../model/records.ts';
import { type Decision, decide, roomNodes } from '../../scaling/decide.ts';
import { lastMinutes } from '../../scaling/minutes.ts';
import type {
  ScalableTargetRecord,
  ScalingPolicyRecord,
  ScheduledActionRecord,
} from '../../scaling/records.ts';
import { save } from '../cluster-lookups.ts';
import type { Context } from '../context.ts';
import { scaled } from '../modify-cluster.ts';
import { addActivity, endActivity } from './activities.ts';
import { ofCluster } from './lookups.ts';
import { nextMsOf } from './scheduled-actions.ts';
import { removeTarget } from './targets.ts';

/** Source: AWS. */
const COOLDOWN_SECONDS = 300;
/** Older samples do not say how much memory is in use now. */
const SAMPLES_MS_MAX = 4 * RESOLUTIONS.fine.stepMs;

/** In one transaction. */
export function lookAtTarget(
  target: ScalableTargetRecord,
  metrics: ClusterMetrics,
  context: Context,
): void {
  const { state } = context;
  const cluster = state.get('cluster', target.id);
  const isSame = cluster?.createdMs === target.clusterCreatedMs;
  if (cluster === undefined || !isSame || cluster.status === 'deleting') {
    removeTarget(target, context);
    return;
  }
  const now = withSchedule(settled(target, cluster, context), cluster, context);
  if (now !== target) state.put('scalabletarget', target.id, now);
  if (cluster.status !== 'available') return;
  const decision = decide(factsOf(now, cluster, metrics, context));
  if (decision !== undefined) scale(now, cluster, decision, context);
}

/** The activity that is under way ends once the cluster is available again. */
function settled(
  target: ScalableTargetRecord,
  cluster: ClusterRecord,
  { state, nowMs }: Context,
): ScalableTargetRecord {
  if (target.activity === undefined || cluster.status !== 'available') return target;
  const nodes = staying(cluster).length;
  const isDone = state.get('scalingactivity', target.activity)?.to === nodes;
  const ended = endActivity(
    target,
    {
      status: isDone ? 'Successful' : 'Overridden',
      message: `The cluster has ${nodes} nodes.`,
      endMs: nowMs,
    },
    state,
  );
  const { activity: _over, ...rest } = target;
  if (ended === undefined) return rest;
  const change = { atMs: nowMs, from: ended.from, to: ended.to };
  return ended.to > ended.from ? { ...rest, lastOut: change } : { ...rest, lastIn: change };
}

/** Actions that are due set the bounds, one after the other as they were due. */
function withSchedule(
  target: ScalableTargetRecord,
  cluster: ClusterRecord,
  context: Context,
): ScalableTargetRecord {
  const { nowMs } = context;
  const due = ofCluster('scheduledaction', target.id, context)
    .filter(({ nextMs }) => nextMs === undefined || nextMs <= nowMs)
    .sort((a, b) => (a.nextMs ?? 0) - (b.nextMs ?? 0));
  let now = target;
  for (const action of due) {
    if (!target.isScheduleSuspended && action.nextMs !== undefined) {
      now = withBounds(now, action, cluster, context);
    }
    reschedule(action, context);
  }
  return now;
}

/** One that runs no more is gone. */
function reschedule(action: ScheduledActionRecord, { state, nowMs }: Context): void {
  const nextMs = nextMsOf(action, nowMs);
  if (nextMs === undefined) state.remove('scheduledaction', action.id);
  else state.put('scheduledaction', action.id, { ...action, nextMs });
}

function withBounds(
  target: ScalableTargetRecord,
  { name, ...given }: ScheduledActionRecord,
  cluster: ClusterRecord,
  context: Context,
): ScalableTargetRecord {
  const { min = target.min, max = target.max } = given;
  // A bound that the action does not set gives room to the one that it sets.
  const bounds =
    given.max === undefined ? { min, max: Math.max(min, max) } : { min: Math.min(min, max), max };
  const nodes = staying(cluster).length;
  addActivity(
    {
      ...{ cluster: cluster.id, from: nodes, to: nodes, status: 'Successful' },
      description: `Setting min capacity to ${bounds.min} and max capacity to ${bounds.max}`,
      cause: `scheduled action name ${name} was triggered`,
      endMs: context.nowMs,
    },
    context,
  );
  return { ...target, ...bounds, scheduledBy: name };
}

function factsOf(
  target: ScalableTargetRecord,
  cluster: ClusterRecord,
  metrics: ClusterMetrics,
  context: Context,
): Parameters<typeof decide>[0] {
  const { nowMs, limits } = context;
  const capacity = staying(cluster).length;
  const samples = metrics.now(target.id, nowMs - SAMPLES_MS_MAX).map(({ sample }) => sample);
  const policies = ofCluster('scalingpolicy', target.id, context);
  return {
    nowMs,
    capacity,
    bounds: {
      min: Math.min(target.min, limits.nodesPerClusterMax),
      max: Math.min(target.max, limits.nodesPerClusterMax),
    },
    suspended: { in: target.isInSuspended, out: target.isOutSuspended },
    lastOut: target.lastOut,
    lastIn: target.lastIn,
    roomNodes: roomNodes(
      capacity,
      samples.length === capacity ? totalOf(samples, 'usedBytes') : undefined,
      totalOf(samples, 'limitBytes'),
    ),
    policies: policies.map((policy) => ({
      name: policy.name,
      policy: trackedBy(policy),
      points: lastMinutes(metrics, target.id, policy.metric, nowMs),
    })),
  };
}

const trackedBy = (policy: ScalingPolicyRecord) => ({
  target: policy.target,
  scaleOutCooldownMs: (policy.scaleOutCooldownSeconds ?? COOLDOWN_SECONDS) * 1000,
  scaleInCooldownMs: (policy.scaleInCooldownSeconds ?? COOLDOWN_SECONDS) * 1000,
  neverScalesIn: policy.neverScalesIn,
});

/** By the way of ModifyCacheCluster: the record changes, and the reconciler follows. */
function scale(
  target: ScalableTargetRecord,
  cluster: ClusterRecord,
  { capacity: to, cause, isOfBounds }: Decision,
  context: Context,
): void {
  const { scheduledBy } = target;
  const from = staying(cluster).length;
  const why =
    isOfBounds && scheduledBy !== undefined
      ? `${cause}, by the scheduled action ${scheduledBy}`
      : cause;
  const activity = addActivity(
    {
      ...{ cluster: cluster.id, from, to, status: 'InProgress' },
      ...{ description: `Setting the number of nodes to ${to}.`, cause: why },
    },
    context,
  );
  context.state.put('scalabletarget', target.id, { ...target, activity });
  context.tell('cache-cluster', cluster.id, `Auto scaling from ${from} to ${to} nodes: ${why}`);
  save(scaled(cluster, to, context), context);
}
