import { METRICS, type Metric, unitOf } from '../../ops/index.ts';

const HEAD = `# Metrics

\`npm run docs\` generates this page from the table in \`src/ops/metrics\`; a test compares them.

A node with an admin port (\`--admin-port\`) shows these numbers at \`/metrics\`, as text for
Prometheus (format 0.0.4, or OpenMetrics 1.0 if the request asks for it), and at \`/stats.json\`.
[operating.md](operating.md#metrics-and-alerts) says how to scrape, chart and alert.

Names with \`memcached_\` are those of
[memcached_exporter](https://github.com/prometheus/memcached_exporter), with its labels and units,
so its dashboards and alerts work; there is no exporter beside the node. \`stats reset\` sets most
counters to 0, as a restart does; \`rate\` and \`increase\` of Prometheus allow for that. A metric
without a point, such as one of TLS without TLS, is absent.
`;

const SECTIONS: readonly (readonly [title: string, has: (metric: Metric) => boolean])[] = [
  [
    'Node, as memcached_exporter',
    ({ name, labels }) => name.startsWith('memcached_') && !labels.includes('slab'),
  ],
  ['Size classes', ({ labels }) => labels.includes('slab')],
  ['Cluster', ({ name }) => name.startsWith('slabring_cluster_')],
  ['Threads', ({ labels }) => labels.includes('thread')],
  ['Beyond memcached_exporter', () => true],
];

const TABLE_HEAD = '| metric | kind | unit | labels | meaning |\n|---|---|---|---|---|';

/** docs/metrics.md: every metric of a node. */
export function metricsPage(): string {
  let rest = METRICS;
  const sections = SECTIONS.map(([title, has]) => {
    const rows = rest.filter(has).map(rowOf);
    rest = rest.filter((metric) => !has(metric));
    return `## ${title}\n\n${TABLE_HEAD}\n${rows.join('\n')}\n`;
  });
  return [HEAD, ...sections].join('\n');
}

function rowOf(metric: Metric): string {
  const { name, kind, labels, help } = metric;
  const cells = [
    `\`${name}\``,
    kind,
    unitOf(metric),
    labels.map((each) => `\`${each}\``).join(', '),
  ];
  return `| ${[...cells, help].join(' | ')} |`;
}
