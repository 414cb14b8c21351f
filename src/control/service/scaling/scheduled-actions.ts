/** Scheduled actions: other bounds at a time. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '../../api/errors.ts';
import type { SCALING_OPERATIONS } from '../../api/model/scaling.ts';
import type { InputOf } from '../../api/operation.ts';
import type { ScheduledActionRecord } from '../../scaling/records.ts';
import { nextRun, parseSchedule } from '../../scaling/schedule.ts';
import { isZone } from '../../scaling/zone.ts';
import { clusterOf } from '../cluster-lookups.ts';
import type { Context } from '../context.ts';
import {
  checkBounds,
  clusterIn,
  invalid,
  namedTarget,
  notFound,
  ofCluster,
  scheduledActionArn,
  targetOf,
} from './lookups.ts';
import type { ScalingHandlers } from './scaling-handlers.ts';
import { tokenPage } from './token-page.ts';

const ACTIONS_MAX = 200;
/** As the model says: no control characters, colons, slashes and bars, no blanks at the ends. */
const NAME = /^(?! )[^\p{Cc}:/|]{1,256}(?<! )$/u;
const UTC = 'UTC';

type Put = InputOf<(typeof SCALING_OPERATIONS)['PutScheduledAction']>;
type Timing = Pick<
  ScheduledActionRecord,
  'schedule' | 'timezone' | 'startMs' | 'endMs' | 'writtenMs'
>;

/** The first run after a time; undefined: there is none any more. */
export function nextMsOf(
  { schedule, timezone = UTC, startMs, endMs, writtenMs }: Timing,
  afterMs: number,
): number | undefined {
  const parsed = parseSchedule(schedule, timezone);
  const period = { fromMs: startMs ?? writtenMs, untilMs: endMs };
  return parsed && nextRun(parsed, period, afterMs);
}

/** What is left out of an update stays as it is, but for the start and the end. Source: AWS. */
function timingOf(input: Put, known: Timing | undefined, nowMs: number): Timing {
  const schedule = input.Schedule ?? known?.schedule;
  const timezone = input.Timezone ?? known?.timezone;
  if (schedule === undefined) throw invalid('A new scheduled action needs a Schedule.');
  if (timezone !== undefined && !isZone(timezone)) {
    throw invalid('Timezone must be a name such as Europe/Berlin.');
  }
  if (parseSchedule(schedule, timezone ?? UTC) === undefined) {
    throw invalid(
      'Schedule must be at(2026-12-01T08:00:00), rate(5 minutes), rate(1 hour), or cron(minute ' +
        'hour day month weekday year), with ? for one of the two days.',
    );
  }
  return {
    ...{ schedule, timezone, writtenMs: nowMs },
    ...{ startMs: input.StartTime, endMs: input.EndTime },
  };
}

function actionFrom(input: Put, cluster: string, context: Context): ScheduledActionRecord {
  const { ScheduledActionName: name } = input;
  const { nowMs, state } = context;
  if (!NAME.test(name)) throw invalid('ScheduledActionName has a character that it may not have.');
  const id = `${cluster}/${name}`;
  const known = state.get('scheduledaction', id);
  const timing = timingOf(input, known, nowMs);
  const nextMs = nextMsOf(timing, nowMs);
  if (nextMs === undefined) throw invalid('The Schedule has no run after now.');
  const given = input.ScalableTargetAction;
  const min = given === undefined ? known?.min : given.MinCapacity;
  const max = given === undefined ? known?.max : given.MaxCapacity;
  if (min === undefined && max === undefined) {
    throw invalid('ScalableTargetAction needs MinCapacity, MaxCapacity or both.');
  }
  checkBounds(min, max, clusterOf(cluster, context), context);
  const uuid = known?.uuid ?? randomUUID();
  const createdMs = known?.createdMs ?? nowMs;
  return { id, name, cluster, uuid, createdMs, ...timing, min, max, nextMs };
}

const shown = (action: ScheduledActionRecord, context: Context) => ({
  ScheduledActionName: action.name,
  ScheduledActionARN: scheduledActionArn(action, context),
  ...namedTarget(action.cluster),
  Schedule: action.schedule,
  Timezone: action.timezone,
  StartTime: action.startMs,
  EndTime: action.endMs,
  ScalableTargetAction: { MinCapacity: action.min, MaxCapacity: action.max },
  CreationTime: action.createdMs,
});

export const scheduledActionHandlers = {
  PutScheduledAction: (input, context) => {
    const { state } = context;
    const cluster = targetOf(clusterIn(input)!, context).id;
    const action = actionFrom(input, cluster, context);
    const isNew = state.get('scheduledaction', action.id) === undefined;
    if (isNew && ofCluster('scheduledaction', cluster, context).length >= ACTIONS_MAX) {
      const text = `A target has at most ${ACTIONS_MAX} scheduled actions.`;
      throw new ApiError('LimitExceededException', text);
    }
    state.put('scheduledaction', action.id, action);
    return {};
  },

  DeleteScheduledAction: (input, context) => {
    const id = `${clusterIn(input)!}/${input.ScheduledActionName}`;
    if (context.state.get('scheduledaction', id) === undefined) {
      throw notFound('There is no such scheduled action.');
    }
    context.state.remove('scheduledaction', id);
    return {};
  },

  DescribeScheduledActions: (input, context) => {
    const cluster = clusterIn(input);
    const { ScheduledActionNames: names } = input;
    const all = context.state
      .list('scheduledaction')
      .filter((each) => cluster === undefined || each.cluster === cluster)
      .filter((each) => names === undefined || names.includes(each.name));
    const { records, ...rest } = tokenPage(input, all);
    return { ...rest, ScheduledActions: records.map((each) => shown(each, context)) };
  },
} satisfies ScalingHandlers;
