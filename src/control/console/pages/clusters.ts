/** All clusters. */
import { totalOf } from '../../metrics/cluster-metrics.ts';
import { staying } from '../../model/node-count.ts';
import type { ClusterRecord } from '../../model/records.ts';
import { hitRatio, spark } from '../charts.ts';
import { amount, bytes, latency, percent, UNKNOWN, whole } from '../format.ts';
import { bar, type Column, statusOf, table } from '../frame.ts';
import { type Content, type Html, html } from '../html.ts';
import { type Recent, recent } from '../recent.ts';
import type { View } from '../view.ts';

interface Row extends Recent {
  readonly cluster: ClusterRecord;
}

export function clustersPage(view: View, notice: Content): Html {
  const rows = view.clusters().map((cluster) => ({ cluster, ...recent(view, cluster.id) }));
  return html`<div class="head"><h1>Clusters</h1>
<p class="actions"><a class="button primary" href="/console/create">Create cluster</a></p></div>
${notice}
<div data-live="clusters">
${table({ label: 'Clusters', columns: COLUMNS, rows, empty: EMPTY })}
</div>`;
}

const EMPTY = html`There is no cluster yet. Create one here, or with
<code>aws elasticache create-cache-cluster</code>.`;

const number = (head: string, cell: (row: Row) => Content): Column<Row> => ({
  ...{ head, cell, isNumber: true },
});

const COLUMNS: readonly Column<Row>[] = [
  {
    head: 'Cluster',
    isName: true,
    cell: ({ cluster: { id } }) => html`<a href="/console/clusters/${id}">${id}</a>`,
  },
  { head: 'Status', cell: ({ cluster }) => statusOf(cluster.status) },
  number('Nodes', ({ cluster }) => nodesText(cluster)),
  { head: 'Node type', cell: ({ cluster }) => cluster.nodeType },
  number('Items', ({ now }) => whole(totalOf(now, 'items'))),
  { head: 'Memory', cell: memoryCell },
  number('Requests/s', ({ now }) => amount(totalOf(now, 'commands'))),
  number('Hit ratio', ({ last }) => percent(last && hitRatio(last))),
  {
    head: 'Last 15 min',
    cell: ({ steps }) =>
      spark(
        steps.map(({ sample }) => hitRatio(sample)),
        1,
      ),
  },
  number('99 %', ({ now }) => latency(totalOf(now, 'p99Seconds'))),
  number('Evictions/s', ({ now }) => amount(totalOf(now, 'evictions'))),
];

/** `3`, or `2 → 3` while nodes come. */
function nodesText(cluster: ClusterRecord): string {
  const wanted = staying(cluster).length;
  const serving = cluster.nodes.filter(({ status }) => status !== 'creating').length;
  return serving === wanted ? String(wanted) : `${serving} → ${wanted}`;
}

function memoryCell({ now }: Row): Content {
  const [used, limit] = [totalOf(now, 'usedBytes'), totalOf(now, 'limitBytes')];
  if (used === undefined || limit === undefined) return UNKNOWN;
  const text = `${bytes(used)} of ${bytes(limit)}`;
  return html`<span class="gauge">${bar(used / limit, text)}<span>${text}</span></span>`;
}
