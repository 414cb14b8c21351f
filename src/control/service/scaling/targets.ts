/** Scalable targets: the clusters whose number of nodes changes by itself. */
import { randomUUID } from 'node:crypto';
import { ACCOUNT } from '../../model/arn.ts';
import type { ScalableTargetRecord } from '../../scaling/records.ts';
import type { Context } from '../context.ts';
import { tagsFrom } from '../tags.ts';
import { endActivity } from './activities.ts';
import {
  checkBounds,
  clusterIn,
  idOf,
  invalid,
  namedTarget,
  ofCluster,
  targetArn,
  targetOf,
} from './lookups.ts';
import type { ScalingHandlers } from './scaling-handlers.ts';
import { tokenPage } from './token-page.ts';

const ROLE =
  `arn:aws:iam::${ACCOUNT}:role/aws-service-role/elasticache.application-autoscaling.amazonaws.` +
  'com/AWSServiceRoleForApplicationAutoScaling_ElastiCache';

const shown = (target: ScalableTargetRecord, context: Context) => ({
  ...namedTarget(target.id),
  MinCapacity: target.min,
  MaxCapacity: target.max,
  RoleARN: ROLE,
  CreationTime: target.createdMs,
  SuspendedState: {
    DynamicScalingInSuspended: target.isInSuspended,
    DynamicScalingOutSuspended: target.isOutSuspended,
    ScheduledScalingSuspended: target.isScheduleSuspended,
  },
  ScalableTargetARN: targetArn(target, context),
});

/** With its policies and scheduled actions; what scaling has done stays to be seen. */
export function removeTarget(target: ScalableTargetRecord, context: Context): void {
  const { state, nowMs } = context;
  for (const kind of ['scalingpolicy', 'scheduledaction'] as const) {
    for (const { id } of ofCluster(kind, target.id, context)) state.remove(kind, id);
  }
  endActivity(
    target,
    { status: 'Overridden', message: 'The target is gone.', endMs: nowMs },
    state,
  );
  state.remove('scalabletarget', target.id);
}

export const targetHandlers = {
  RegisterScalableTarget: (input, context) => {
    const { state, nowMs } = context;
    const id = clusterIn(input)!;
    const cluster = state.get('cluster', id);
    if (cluster === undefined) throw invalid(`The cluster ${id} does not exist.`);
    const old = state.get('scalabletarget', id);
    const isSame = old?.clusterCreatedMs === cluster.createdMs;
    // That of a cluster of this name which is gone.
    if (old !== undefined && !isSame) removeTarget(old, context);
    const known = isSame ? old : undefined;
    const min = input.MinCapacity ?? known?.min;
    const max = input.MaxCapacity ?? known?.max;
    if (min === undefined || max === undefined) {
      throw invalid('A new scalable target needs MinCapacity and MaxCapacity.');
    }
    checkBounds(min, max, cluster, context);
    const hasOwnBounds = input.MinCapacity !== undefined || input.MaxCapacity !== undefined;
    const suspended = input.SuspendedState ?? {};
    const target: ScalableTargetRecord = {
      ...(known ?? { id, uuid: randomUUID().replaceAll('-', ''), createdMs: nowMs }),
      clusterCreatedMs: cluster.createdMs,
      min,
      max,
      isInSuspended: suspended.DynamicScalingInSuspended ?? known?.isInSuspended ?? false,
      isOutSuspended: suspended.DynamicScalingOutSuspended ?? known?.isOutSuspended ?? false,
      isScheduleSuspended:
        suspended.ScheduledScalingSuspended ?? known?.isScheduleSuspended ?? false,
      scheduledBy: hasOwnBounds ? undefined : known?.scheduledBy,
    };
    state.put('scalabletarget', id, target);
    if (input.Tags !== undefined) {
      if (known !== undefined) throw invalid('Tags are for a new target: see TagResource.');
      const pairs = input.Tags.map(([Key, Value]) => ({ Key, Value }));
      state.setTags('scalabletarget', id, tagsFrom(pairs));
    }
    return { ScalableTargetARN: targetArn(target, context) };
  },

  DeregisterScalableTarget: (input, context) => {
    removeTarget(targetOf(clusterIn(input)!, context), context);
    return {};
  },

  DescribeScalableTargets: (input, context) => {
    clusterIn(input);
    const ids = input.ResourceIds?.map(idOf);
    const all = context.state
      .list('scalabletarget')
      .filter(({ id }) => ids === undefined || ids.includes(id));
    const { records, ...rest } = tokenPage(input, all);
    return { ...rest, ScalableTargets: records.map((each) => shown(each, context)) };
  },
} satisfies ScalingHandlers;
