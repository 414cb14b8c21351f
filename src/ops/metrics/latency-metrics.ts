/** The latencies of requests as histograms of Prometheus. */
import { bucketOfBound, type LatencyHistogram, measuredKinds } from '../../commands/index.ts';
import { counter, type Distribution, labelled, type Metric } from './metric.ts';
import { stat } from './sample.ts';

/**
 * The bounds that Prometheus gets: four for each power of two, those of a native histogram of
 * schema 2, so that its quantiles are within 10 %.
 */
const BOUNDS_PER_OCTAVE = 4;
const OCTAVE_MIN = -18;
const OCTAVE_MAX = 2;
const BOUNDS = Array.from(
  { length: (OCTAVE_MAX - OCTAVE_MIN) * BOUNDS_PER_OCTAVE + 1 },
  (_, nth) => 2 ** (OCTAVE_MIN + nth / BOUNDS_PER_OCTAVE),
);
/** The digits of a bound that Prometheus sees. */
const BOUND_DIGITS = 6;
const SHOWN_BOUNDS = BOUNDS.map((bound) => Number(bound.toPrecision(BOUND_DIGITS)));

function distribution({ counts, sumSeconds: sum }: LatencyHistogram): Distribution {
  const ends = [...BOUNDS.map((bound) => bucketOfBound(bound) + 1), counts.length];
  const merged = ends.map((end, nth) =>
    counts.subarray(nth === 0 ? 0 : ends[nth - 1], end).reduce((total, count) => total + count, 0),
  );
  return { bounds: SHOWN_BOUNDS, counts: merged, sum };
}

export const LATENCY_METRICS: readonly Metric[] = [
  labelled(
    'histogram',
    'slabring_request_duration_seconds',
    'Time of the node for a request, from the read of its last byte until the kernel has its ' +
      'reply; estimated from samples.',
    ['command', 'dialect'],
    ({ control }) =>
      measuredKinds(control.latency).map(({ command, dialect, histogram }) => ({
        labels: [command, dialect],
        value: distribution(histogram),
      })),
  ),
  counter(
    'slabring_slow_requests_total',
    'Requests that took as long as --slow-ms says, or longer; 0 without it.',
    stat('slow_requests'),
  ),
];
