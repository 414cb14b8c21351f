/** Application Auto Scaling's operations, as the service runs them. */
import { ApiError } from '../../api/errors.ts';
import { arnOf } from '../../model/arn.ts';
import type { ScalableTargetRecord } from '../../scaling/records.ts';
import type { Context } from '../context.ts';
import type { Call } from '../service.ts';
import { tagsFrom } from '../tags.ts';
import { activityHandlers } from './activities.ts';
import { targetArn } from './lookups.ts';
import { policyHandlers } from './policies.ts';
import type { ScalingHandlers } from './scaling-handlers.ts';
import { scheduledActionHandlers } from './scheduled-actions.ts';
import { targetHandlers } from './targets.ts';

/** @throws {ApiError} `ResourceNotFoundException` */
function targetOfArn(arn: string, context: Context): ScalableTargetRecord {
  const target = context.state
    .list('scalabletarget')
    .find((each) => targetArn(each, context) === arn);
  if (target !== undefined) return target;
  throw new ApiError('ResourceNotFoundException', 'ResourceARN is that of no scalable target.');
}

const tagHandlers = {
  TagResource: ({ ResourceARN, Tags }, context) => {
    const { id } = targetOfArn(ResourceARN, context);
    const { state } = context;
    const all = new Map([...Object.entries(state.tagsOf('scalabletarget', id)), ...Tags]);
    const pairs = [...all].map(([Key, Value]) => ({ Key, Value }));
    state.setTags('scalabletarget', id, tagsFrom(pairs));
    return {};
  },
  UntagResource: ({ ResourceARN, TagKeys }, context) => {
    const { id } = targetOfArn(ResourceARN, context);
    const { state } = context;
    const left = Object.entries(state.tagsOf('scalabletarget', id)).filter(
      ([key]) => !TagKeys.includes(key),
    );
    state.setTags('scalabletarget', id, Object.fromEntries(left));
    return {};
  },
  ListTagsForResource: ({ ResourceARN }, context) => {
    const { id } = targetOfArn(ResourceARN, context);
    return { Tags: Object.entries(context.state.tagsOf('scalabletarget', id)) };
  },
} satisfies ScalingHandlers;

const HANDLERS: Readonly<Record<string, unknown>> = {
  ...targetHandlers,
  ...policyHandlers,
  ...scheduledActionHandlers,
  ...activityHandlers,
  ...tagHandlers,
} satisfies Required<ScalingHandlers>;

/** The clusters whose targets a request names; policies know their ARNs. */
function resourcesOf(input: object, context: Context) {
  const { state, region } = context;
  const { ResourceId, ResourceIds, ResourceARN } = input as {
    readonly ResourceId?: string;
    readonly ResourceIds?: readonly string[];
    readonly ResourceARN?: string;
  };
  const named = [...(ResourceIds ?? []), ...(ResourceId === undefined ? [] : [ResourceId])];
  const ids = named.map((each) => each.slice(each.indexOf('/') + 1).toLowerCase());
  if (ResourceARN !== undefined) ids.push(targetOfArn(ResourceARN, context).id);
  return ids.map((id) => ({
    arn: arnOf(region, { kind: 'cluster', id }),
    tags: state.tagsOf('cluster', id),
  }));
}

export const scalingCall = (operation: string): Call => ({
  action: `application-autoscaling:${operation}`,
  handler: HANDLERS[operation] as Call['handler'],
  resourcesOf,
});
