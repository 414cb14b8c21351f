/** What a metric is: each number is declared once, and every format and page follows from it. */
import type { MetricSample } from './sample.ts';

export interface Metric {
  /** Its name for Prometheus; the name of a counter ends in `_total`, one of an info in `_info`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram' | 'info';
  readonly help: string;
  /** The names of its labels; a point has a value for each, in the same order. */
  readonly labels: readonly string[];
  /** Its points in a sample; none if this node does not have the number. */
  readonly read: (sample: MetricSample) => readonly Point[];
}

export interface Point {
  readonly labels: readonly string[];
  readonly value: number | Distribution;
}

/** The observations of a histogram. */
export interface Distribution {
  /** Inclusive upper bounds, ascending, in the unit of the metric. */
  readonly bounds: readonly number[];
  /** The observations in each bucket; one more than `bounds`, for the longer ones. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A number of the whole node, or undefined if it has none; text is a number in digits. */
type ReadOne = (sample: MetricSample) => number | string | undefined;

const one =
  (read: ReadOne) =>
  (sample: MetricSample): readonly Point[] => {
    const value = read(sample);
    return value === undefined ? [] : [{ labels: [], value: Number(value) }];
  };

/** A counter of the whole node. */
export const counter = (name: string, help: string, read: ReadOne): Metric => {
  return { name, kind: 'counter', help, labels: [], read: one(read) };
};

/** A gauge of the whole node. */
export const gauge = (name: string, help: string, read: ReadOne): Metric => {
  return { name, kind: 'gauge', help, labels: [], read: one(read) };
};

/** A metric with labels. */
export const labelled = (
  kind: Metric['kind'],
  name: string,
  help: string,
  labels: readonly string[],
  read: Metric['read'],
): Metric => ({ name, kind, help, labels, read });

/** Points that differ in one label. */
export const pointsOf = (
  values: Readonly<Record<string, number | string | undefined>>,
): readonly Point[] =>
  Object.entries(values).flatMap(([label, value]) =>
    value === undefined ? [] : [{ labels: [label], value: Number(value) }],
  );

/** The unit that the name of a metric ends with; empty for a count. */
export function unitOf({ name }: Pick<Metric, 'name'>): string {
  return /_(seconds|bytes|percent)(?:_total)?$/.exec(name)?.[1] ?? '';
}
