import type { SCALING_OPERATIONS } from '../../api/model/scaling.ts';
import type { InputOf, OutputOf } from '../../api/operation.ts';
import type { Context } from '../context.ts';

type Operations = typeof SCALING_OPERATIONS;

/** The operations of Application Auto Scaling. */
export type ScalingHandlers = {
  readonly [N in keyof Operations]?: (
    input: InputOf<Operations[N]>,
    context: Context,
  ) => OutputOf<Operations[N]>;
};
