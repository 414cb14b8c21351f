import type { NodeNow } from '../metrics/cluster-metrics.ts';
import type { Sample } from '../metrics/reading.ts';
import { RESOLUTIONS, type ResolutionName, type Step } from '../metrics/series.ts';
import type { View } from './view.ts';

/** A sample that is older says nothing of now: a node that restarts has none for some steps. */
const FRESH_STEPS = 3;

/** What a cluster did lately. */
export interface Recent {
  readonly nodes: readonly NodeNow[];
  /** The last sample of each node. */
  readonly now: readonly Sample[];
  /** Of all nodes together, the oldest first. */
  readonly steps: readonly Step[];
  readonly last: Sample | undefined;
}

export function recent({ parts, nowMs }: View, id: string): Recent {
  const { stepMs, steps: count } = RESOLUTIONS.fine;
  const nodes = parts.metrics.now(id, nowMs - FRESH_STEPS * stepMs);
  const steps = parts.metrics.since(id, 'fine', nowMs - count * stepMs);
  return { nodes, now: nodes.map(({ sample }) => sample), steps, last: steps.at(-1)?.sample };
}

/** The ranges of the charts, by what their links say. */
export const RANGES = {
  '15m': { label: '15 minutes', resolution: 'fine', ms: 15 * 60_000 },
  '2h': { label: '2 hours', resolution: 'coarse', ms: 2 * 3600_000 },
  '12h': { label: '12 hours', resolution: 'coarse', ms: 12 * 3600_000 },
} as const satisfies Readonly<
  Record<string, { label: string; resolution: ResolutionName; ms: number }>
>;

export type RangeName = keyof typeof RANGES;

export const rangeIn = (text: string | undefined): RangeName =>
  text !== undefined && Object.hasOwn(RANGES, text) ? (text as RangeName) : '15m';

/** The samples of a cluster for its charts, and the time that they are of. */
export function stepsOf({ parts, nowMs: untilMs }: View, id: string, range: RangeName) {
  const { resolution, ms } = RANGES[range];
  const fromMs = untilMs - ms;
  return { steps: parts.metrics.since(id, resolution, fromMs), fromMs, untilMs };
}
