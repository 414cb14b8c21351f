/** What scaling has done: its activities, the last ones of each cluster. */
import { randomUUID } from 'node:crypto';
import type { ScalableTargetRecord, ScalingActivityRecord } from '../../scaling/records.ts';
import type { StateFile } from '../../state/state-file.ts';
import type { Context } from '../context.ts';
import { clusterIn, namedTarget, ofCluster } from './lookups.ts';
import type { ScalingHandlers } from './scaling-handlers.ts';
import { tokenPage } from './token-page.ts';

/** Of one cluster. */
const ACTIVITIES_MAX = 100;
const LATEST_MS = 9e15;
/** Of one millisecond: one for each scheduled action, and one for the nodes. */
const AT_ONCE_MAX = 999;

type Activity = Omit<ScalingActivityRecord, 'id' | 'uuid' | 'startMs'>;

/** Returns its id. */
export function addActivity(activity: Activity, context: Context): string {
  const { state, nowMs } = context;
  const earlier = ofCluster('scalingactivity', activity.cluster, context);
  const atOnce = earlier.filter(({ startMs }) => startMs === nowMs).length;
  const id = `${activity.cluster}/${LATEST_MS - nowMs}-${AT_ONCE_MAX - atOnce}`;
  const record = { ...activity, id, uuid: randomUUID(), startMs: nowMs };
  state.put('scalingactivity', id, record);
  for (const old of earlier.slice(ACTIVITIES_MAX - 1)) state.remove('scalingactivity', old.id);
  return id;
}

/** Ends the activity that a target is in, if it is in one. */
export function endActivity(
  { activity }: ScalableTargetRecord,
  end: Required<Pick<ScalingActivityRecord, 'status' | 'message' | 'endMs'>>,
  state: StateFile,
): ScalingActivityRecord | undefined {
  const record = activity === undefined ? undefined : state.get('scalingactivity', activity);
  if (record === undefined) return undefined;
  const ended = { ...record, ...end };
  state.put('scalingactivity', record.id, ended);
  return ended;
}

const shown = (each: ScalingActivityRecord) => ({
  ActivityId: each.uuid,
  ...namedTarget(each.cluster),
  Description: each.description,
  Cause: each.cause,
  StartTime: each.startMs,
  EndTime: each.endMs,
  StatusCode: each.status,
  StatusMessage: each.message,
});

export const activityHandlers = {
  DescribeScalingActivities: (input, context) => {
    const cluster = clusterIn(input);
    const all =
      cluster === undefined
        ? context.state.list('scalingactivity')
        : ofCluster('scalingactivity', cluster, context);
    const { records, ...rest } = tokenPage(input, all);
    return { ...rest, ScalingActivities: records.map(shown) };
  },
} satisfies ScalingHandlers;
