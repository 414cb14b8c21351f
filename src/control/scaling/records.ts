/** What the state keeps of the scaling of clusters. */
import type { PastChange } from './tracking.ts';

/** A cluster whose number of nodes changes by itself; its id is that of the cluster. */
export interface ScalableTargetRecord {
  readonly id: string;
  /** In its ARN. */
  readonly uuid: string;
  readonly createdMs: number;
  /** Another time: the cluster is another one of the same name. */
  readonly clusterCreatedMs: number;
  readonly min: number;
  readonly max: number;
  readonly isInSuspended: boolean;
  readonly isOutSuspended: boolean;
  readonly isScheduleSuspended: boolean;
  readonly lastOut?: PastChange | undefined;
  readonly lastIn?: PastChange | undefined;
  /** The id of the activity that is under way. */
  readonly activity?: string | undefined;
  /** The scheduled action whose bounds these are, unless a request has set them. */
  readonly scheduledBy?: string | undefined;
}

/** A metric of CloudWatch's names, and how its values of the nodes add up. */
export interface TrackedMetric {
  readonly namespace: string;
  readonly name: string;
  /** Undefined: all nodes. */
  readonly node?: string | undefined;
  readonly statistic: 'Average' | 'Minimum' | 'Maximum' | 'SampleCount' | 'Sum';
}

export interface ScalingPolicyRecord {
  /** The cluster and the name of the policy: `web/cpu`. */
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly uuid: string;
  readonly createdMs: number;
  readonly target: number;
  readonly metric: TrackedMetric;
  /** As the request has named its metric. */
  readonly predefined?: string | undefined;
  readonly unit?: string | undefined;
  /** Undefined: the default. */
  readonly scaleOutCooldownSeconds?: number | undefined;
  readonly scaleInCooldownSeconds?: number | undefined;
  readonly neverScalesIn: boolean;
}

export interface ScheduledActionRecord {
  /** As that of a policy. */
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly uuid: string;
  readonly createdMs: number;
  readonly schedule: string;
  readonly timezone?: string | undefined;
  readonly startMs?: number | undefined;
  readonly endMs?: number | undefined;
  /** When it was written last: a rate without a start counts from then. */
  readonly writtenMs: number;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Undefined: it has no run any more. */
  readonly nextMs: number | undefined;
}

type ActivityStatus = 'InProgress' | 'Successful' | 'Overridden' | 'Failed';

export interface ScalingActivityRecord {
  /** The cluster, and a text that is the less, the later the activity began. */
  readonly id: string;
  readonly uuid: string;
  readonly cluster: string;
  /** The numbers of nodes. */
  readonly from: number;
  readonly to: number;
  /** What it does, in a sentence. */
  readonly description: string;
  readonly cause: string;
  readonly startMs: number;
  readonly endMs?: number | undefined;
  readonly status: ActivityStatus;
  readonly message?: string | undefined;
}

export interface ScalingRecords {
  readonly scalabletarget: ScalableTargetRecord;
  readonly scalingpolicy: ScalingPolicyRecord;
  readonly scheduledaction: ScheduledActionRecord;
  readonly scalingactivity: ScalingActivityRecord;
}
