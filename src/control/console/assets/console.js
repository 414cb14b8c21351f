/**
 * The script of the console: it reads pages again so that their numbers are of now, and draws the
 * charts with uPlot. Without it all pages work: the server has drawn the same charts.
 */
const LIVE_MS = 5000;
/** While a cluster changes. */
const CHANGING_MS = 1000;

/** Replaces the parts of the page that have changed, except where somebody types. */
async function refresh() {
  if (document.hidden) return;
  const reply = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (reply.redirected) return location.reload();
  if (reply.status === 404) return location.assign('/console/');
  if (!reply.ok) return;
  const fresh = new DOMParser().parseFromString(await reply.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const name = CSS.escape(part.dataset.live);
    const next = fresh.querySelector(`[data-live="${name}"]`);
    if (next === null || next.innerHTML === part.innerHTML) continue;
    if (part.contains(document.activeElement)) keepFocus(part, next);
    else part.replaceChildren(...next.childNodes);
  }
}

/** The element with the focus has it again afterwards, if it is still there. */
function keepFocus(part, next) {
  const { href } = document.activeElement;
  const isRegion = document.activeElement.getAttribute('role') === 'region';
  part.replaceChildren(...next.childNodes);
  const selector = isRegion ? '[role=region]' : 'a';
  const again = [...part.querySelectorAll(selector)].find((each) => isRegion || each.href === href);
  again?.focus({ preventScroll: true });
}

const scaled = (value, step, units) => {
  let unit = 0;
  let rest = value;
  while (rest >= step && unit < units.length - 1) {
    rest /= step;
    unit++;
  }
  return `${Number(rest.toPrecision(3))}${units[unit]}`;
};
const size = (value) => scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
const amount = (value) => scaled(value, 1000, ['', 'k', 'M', 'G', 'T']);
const FORMATS = {
  percent: (value) => `${Number((100 * value).toFixed(1))} %`,
  rate: amount,
  count: amount,
  cores: amount,
  bytes: size,
  bytesRate: size,
  seconds: (value) => scaled(value * 1e6, 1000, [' µs', ' ms', ' s']),
};

/** Marks of bytes are at powers of two. */
const incrementsOf = ({ unit }) =>
  unit.startsWith('bytes') ? Array.from({ length: 48 }, (_, nth) => 2 ** nth) : undefined;

const clock = (_, times) => times.map((at) => new Date(at * 1000).toISOString().slice(11, 16));

/** The time that the charts show, in seconds. */
let span = [0, 1];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

function optionsOf(chart, plot) {
  const format = (value) => (value === null ? '–' : FORMATS[chart.unit](value));
  const axis = { stroke: colour('--dim'), font: '11px system-ui', ticks: { show: false } };
  const grid = { stroke: colour('--rule'), width: 1 };
  return {
    width: plot.clientWidth,
    height: plot.clientHeight,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'),
    padding: [8, 18, 0, 0],
    cursor: { y: false, points: { size: 5 }, sync: { key: 'charts' } },
    legend: { show: false },
    scales: {
      x: { range: () => span },
      y: { range: (_, __, max) => [0, Math.max(chart.top, max ?? 0) * 1.04] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 20, space: 70, values: clock },
      {
        ...axis,
        grid,
        size: 56,
        space: 26,
        incrs: incrementsOf(chart),
        values: (_, values) => values.map(format),
      },
    ],
    series: [
      {},
      ...chart.lines.map(({ label }, nth) => ({
        label,
        stroke: colour(`--l${nth}`),
        width: 1.5,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [(u) => showValues(u, plot, format)] },
  };
}

/** The legend has the values under the cursor, or the last ones. */
function showValues(u, plot, format) {
  const at = u.cursor.idx ?? u.data[0].length - 1;
  const values = plot.parentElement.querySelectorAll('figcaption b');
  for (const [nth, value] of values.entries()) {
    value.textContent = format(u.data[nth + 1]?.[at] ?? null);
  }
}

const drawn = new Map();

async function draw(charts) {
  if (document.hidden || charts.offsetParent === null) return;
  const reply = await fetch(charts.dataset.series);
  if (!reply.ok || reply.redirected) return;
  const series = await reply.json();
  span = series.span;
  for (const chart of series.charts) {
    const plot = charts.querySelector(`[data-chart="${chart.id}"] .plot`);
    if (plot === null) continue;
    const data = [series.at, ...chart.lines.map(({ values }) => values)];
    const known = drawn.get(chart.id);
    if (known !== undefined) {
      known.setData(data);
    } else {
      plot.replaceChildren();
      drawn.set(chart.id, new uPlot(optionsOf(chart, plot), data, plot));
    }
  }
}

/** Colours and sizes are not those of before. */
function redraw(charts) {
  for (const chart of drawn.values()) chart.destroy();
  drawn.clear();
  draw(charts).catch(() => {});
}

/** A node and its part of the ring are shown together. */
function light({ target }) {
  const node = target.closest?.('[data-node]')?.dataset.node;
  for (const each of document.querySelectorAll('[data-node]')) {
    each.classList.toggle('lit', node !== undefined && each.dataset.node === node);
  }
  document.querySelector('.ring')?.classList.toggle('lit', node !== undefined);
}

async function keepFresh() {
  // A server that restarts is asked again at the next time.
  await refresh().catch(() => {});
  setTimeout(keepFresh, document.querySelector('.status.busy') ? CHANGING_MS : LIVE_MS);
}

if (document.querySelector('[data-live-page]') !== null) {
  setTimeout(keepFresh, CHANGING_MS);
  document.addEventListener('visibilitychange', () => refresh().catch(() => {}));
  document.addEventListener('mouseover', light);
}

/** Draws the charts from here on. */
function drawCharts(charts) {
  draw(charts).catch(() => {});
  setInterval(() => draw(charts).catch(() => {}), LIVE_MS);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redraw(charts));
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    redraw(charts);
  });
}

/** Loads uPlot; until then, and without it, the charts are those of the server. */
function loadCharts(charts, { chartStyle, chartScript }) {
  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = chartStyle;
  const script = document.createElement('script');
  script.src = chartScript;
  script.addEventListener('load', () => drawCharts(charts));
  document.head.append(style, script);
}

const charts = document.querySelector('[data-series]');
const { dataset } = document.querySelector('main');
if (charts !== null && dataset.chartScript !== undefined) {
  // The page is seen first.
  requestAnimationFrame(() => setTimeout(() => loadCharts(charts, dataset)));
}

// After an error the person is led to it.
document.querySelector('[role=alert]')?.scrollIntoView({ block: 'nearest' });
