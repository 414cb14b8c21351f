/** The latencies of requests as histograms of Prometheus. */
import { bucketOfBound, type LatencyHistogram, measuredKinds } from '../../commands/index.ts';
import { counter, type Distribution, labelled, type Metric } from './metric.ts';
import { stat } from './sample.ts';

/**
 * The bounds that Prometheus gets, those of native histograms: from 4 us to 125 ms eight for each
 * power of two (schema 3), so that quantiles are within 10 %, and above, where the exact value
 * matters less, four (schema 2).
 */
const FINE = { octaves: [-18, -3], boundsPerOctave: 8 } as const;
const COARSE = { octaves: [-3, 2], boundsPerOctave: 4 } as const;
const BOUNDS = [...boundsOf(FINE), ...boundsOf(COARSE), 2 ** COARSE.octaves[1]];
/** The digits of a bound that Prometheus sees. */
const BOUND_DIGITS = 6;
const SHOWN_BOUNDS = BOUNDS.map((bound) => Number(bound.toPrecision(BOUND_DIGITS)));

/** The bounds from the first octave on, without the end of the last. */
function boundsOf({ octaves: [first, last], boundsPerOctave }: typeof FINE | typeof COARSE) {
  const length = (last - first) * boundsPerOctave;
  return Array.from({ length }, (_, nth) => 2 ** (first + nth / boundsPerOctave));
}

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
