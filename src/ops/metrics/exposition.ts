/** Metrics as text: the format 0.0.4 of Prometheus, and OpenMetrics 1.0. */
import { type Distribution, type Metric, type Point, unitOf } from './metric.ts';
import type { MetricSample } from './sample.ts';

export const FORMATS = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;
type Format = keyof typeof FORMATS;

/** The format that a scraper prefers: OpenMetrics only if it names it before plain text. */
export function formatFor(accept: string | undefined): Format {
  const ranked = (accept ?? '').split(',').map((part, at) => {
    const [type = '', ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    const quality = parameters.find((each) => each.startsWith('q='))?.slice(2);
    const version = parameters.find((each) => each.startsWith('version='))?.slice(8) ?? '1.0.0';
    return { type, version, quality: quality === undefined ? 1 : Number(quality) || 0, at };
  });
  const [best] = ranked
    .filter(({ quality }) => quality > 0)
    .filter(({ type, version }) => version === '1.0.0' || !type.endsWith('openmetrics-text'))
    .filter(({ type }) => /^(application\/openmetrics-text|text\/(plain|\*)|\*\/\*)$/.test(type))
    .toSorted((a, b) => b.quality - a.quality || a.at - b.at);
  return best?.type === 'application/openmetrics-text' ? 'openMetrics' : 'prometheus';
}

/** The text of all metrics of one moment. */
export function expose(metrics: readonly Metric[], sample: MetricSample, format: Format): string {
  const lines = metrics.flatMap((metric) => {
    const points = metric.read(sample);
    return points.length === 0
      ? []
      : [...head(metric, format), ...points.flatMap((point) => pointLines(metric, point))];
  });
  return `${lines.join('\n')}\n${format === 'openMetrics' ? '# EOF\n' : ''}`;
}

/** OpenMetrics names the family of a counter without `_total`, of an info without `_info`. */
function head(metric: Metric, format: Format): readonly string[] {
  const { name, kind, help } = metric;
  const isOpen = format === 'openMetrics';
  const family =
    isOpen && (kind === 'counter' || kind === 'info') ? name.replace(/_(total|info)$/, '') : name;
  const type = !isOpen && kind === 'info' ? 'gauge' : kind;
  const unit = unitOf(metric);
  return [
    `# HELP ${family} ${escapeHelp(help, isOpen)}`,
    `# TYPE ${family} ${type}`,
    ...(isOpen && unit !== '' ? [`# UNIT ${family} ${unit}`] : []),
  ];
}

function pointLines({ name, labels }: Metric, { labels: values, value }: Point): readonly string[] {
  const pairs = labels.map((label, at) => `${label}="${escapeLabel(values[at]!)}"`);
  if (typeof value === 'number') return [`${name}${braces(pairs)} ${numberText(value)}`];
  return histogramLines(name, pairs, value);
}

function histogramLines(
  name: string,
  pairs: readonly string[],
  { bounds, counts, sum }: Distribution,
): readonly string[] {
  let total = 0;
  const buckets = counts.map((count, at) => {
    total += count;
    const bound = at < bounds.length ? numberText(bounds[at]!) : '+Inf';
    return `${name}_bucket${braces([...pairs, `le="${bound}"`])} ${total}`;
  });
  return [
    ...buckets,
    `${name}_sum${braces(pairs)} ${numberText(sum)}`,
    `${name}_count${braces(pairs)} ${total}`,
  ];
}

const braces = (pairs: readonly string[]): string =>
  pairs.length === 0 ? '' : `{${pairs.join(',')}}`;

const numberText = (value: number): string => {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
};

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

const escapeHelp = (text: string, isOpen: boolean): string => {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return isOpen ? escaped.replaceAll('"', '\\"') : escaped;
};
