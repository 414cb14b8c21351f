/** What the charts of a cluster show, and how they look without a script; pure. */

import { valueIn } from '../metrics/cluster-metrics.ts';
import type { MeasureName } from '../metrics/measures.ts';
import type { Sample } from '../metrics/reading.ts';
import type { Step } from '../metrics/series.ts';
import { amount, bytes, latency, percent } from './format.ts';
import { type Html, html } from './html.ts';

type Value = number | undefined;

interface Line {
  readonly label: string;
  readonly of: (sample: Sample) => Value;
}

type Unit = 'percent' | 'rate' | 'seconds' | 'bytes' | 'bytesRate' | 'cores' | 'count';

interface Chart {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly lines: readonly Line[];
  /** The least value that the top of the chart stands for. */
  readonly top: number;
}

const line = (label: string, name: MeasureName): Line => ({
  label,
  of: (sample) => valueIn(sample, name),
});

/** The share of gets that were hits; undefined without gets. */
export function hitRatio(sample: Sample): Value {
  const [gets, hits] = [valueIn(sample, 'gets'), valueIn(sample, 'getHits')];
  if (gets === undefined || hits === undefined || gets === 0) return undefined;
  return Math.min(1, hits / gets);
}

export const CHARTS: readonly Chart[] = [
  {
    ...{ id: 'hit-ratio', title: 'Hit ratio', unit: 'percent', top: 1 },
    lines: [{ label: 'of gets', of: hitRatio }],
  },
  {
    ...{ id: 'requests', title: 'Requests/s', unit: 'rate', top: 10 },
    lines: [line('gets', 'gets'), line('sets', 'sets')],
  },
  {
    ...{ id: 'latency', title: 'Latency', unit: 'seconds', top: 1e-4 },
    lines: [line('median', 'p50Seconds'), line('99 %', 'p99Seconds')],
  },
  {
    ...{ id: 'memory', title: 'Memory', unit: 'bytes', top: 2 ** 20 },
    lines: [line('used', 'usedBytes'), line('limit', 'limitBytes')],
  },
  {
    ...{ id: 'evictions', title: 'Evictions/s', unit: 'rate', top: 1 },
    lines: [line('evicted', 'evictions'), line('wanted again', 'ghostHits')],
  },
  {
    ...{ id: 'cpu', title: 'CPU', unit: 'cores', top: 0.1 },
    lines: [line('cores', 'cpu')],
  },
  {
    ...{ id: 'network', title: 'Network/s', unit: 'bytesRate', top: 1024 },
    lines: [line('in', 'readBytes'), line('out', 'writtenBytes')],
  },
  {
    ...{ id: 'connections', title: 'Connections', unit: 'count', top: 10 },
    lines: [line('open', 'connections')],
  },
];

const FORMATS: Readonly<Record<Unit, (value: Value) => string>> = {
  percent,
  rate: amount,
  seconds: latency,
  bytes,
  bytesRate: bytes,
  cores: amount,
  count: amount,
};

/** The time that charts show. */
interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The charts for the script; `null` is a gap. */
export const chartsJson = (steps: readonly Step[], span: Span): object => ({
  span: [span.fromMs / 1000, span.untilMs / 1000],
  at: steps.map(({ atMs }) => atMs / 1000),
  charts: CHARTS.map(({ id, unit, top, lines }) => ({
    ...{ id, unit, top },
    lines: lines.map(({ label, of }) => ({
      label,
      values: steps.map(({ sample }) => of(sample) ?? null),
    })),
  })),
});

const WIDTH = 320;
const HEIGHT = 84;

export function chartOf({ id, title, unit, top, lines }: Chart, steps: readonly Step[]): Html {
  const values = lines.map(({ of }) => steps.map(({ sample }) => of(sample)));
  const most = Math.max(top, ...values.flat().filter((value) => value !== undefined));
  const format = FORMATS[unit];
  const legend = lines.map(
    ({ label }, nth) =>
      html`<li class="l${nth}">${label} <b>${format(values[nth]!.at(-1))}</b></li>`,
  );
  const paths = values.map((of, nth) => html`<path class="l${nth}" d="${pathOf(of, most)}" />`);
  return html`<figure class="chart" data-chart="${id}">
<figcaption><span>${title}</span><ul>${legend}</ul></figcaption>
<div class="plot"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"
 aria-hidden="true">${paths}</svg><span class="most">${format(most)}</span></div>
</figure>
`;
}

const SPARK_HEIGHT = 18;

/** A small line without axes. */
export function spark(values: readonly Value[], most: number): Html {
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${SPARK_HEIGHT}" preserveAspectRatio="none"
 aria-hidden="true"><path class="l0" d="${pathOf(values, most, SPARK_HEIGHT)}" /></svg>`;
}

function pathOf(values: readonly Value[], most: number, height = HEIGHT): string {
  const step = WIDTH / Math.max(1, values.length - 1);
  let isDown = false;
  return values
    .map((value, nth) => {
      if (value === undefined) {
        isDown = false;
        return '';
      }
      const y = height - 1 - (value / most) * (height - 2);
      const place = `${(nth * step).toFixed(1)} ${y.toFixed(1)}`;
      const command = isDown ? `L${place}` : `M${place}h.1`;
      isDown = true;
      return command;
    })
    .join('');
}
