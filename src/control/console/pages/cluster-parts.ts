/** Parts of the page of a cluster. */
import { totalOf, valueIn } from '../../metrics/cluster-metrics.ts';
import type { HotKey } from '../../metrics/hot-keys.ts';
import type { MeasureName } from '../../metrics/measures.ts';
import { arnOf } from '../../model/arn.ts';
import { nodeAddress } from '../../model/ports.ts';
import type { ClusterRecord, NodeRecord } from '../../model/records.ts';
import { hitRatio } from '../charts.ts';
import { amount, bytes, counted, latency, percent, UNKNOWN, whole } from '../format.ts';
import { bar, type Column, statusOf, table, timeOf } from '../frame.ts';
import { type Content, type Html, html } from '../html.ts';
import type { Recent } from '../recent.ts';
import { COLOURS, ringOf } from '../ring.ts';
import type { View } from '../view.ts';

/** The numbers that tell whether all is well. */
export function stripView({ now, last }: Recent): Html {
  const of = (name: MeasureName) => totalOf(now, name);
  const [used, limit] = [of('usedBytes'), of('limitBytes')];
  const memory = used === undefined || limit === undefined ? undefined : used / limit;
  const numbers: readonly (readonly [string, Content, Content?])[] = [
    ['Hit ratio', percent(last && hitRatio(last))],
    ['Requests/s', amount(of('commands'))],
    ['Latency, 99 %', latency(of('p99Seconds'))],
    ['Items', whole(of('items'))],
    ['Memory', percent(memory), memory !== undefined && `of ${bytes(limit)}`],
    ['Evictions/s', amount(of('evictions'))],
    ['Connections', whole(of('connections'))],
    ['CPU', amount(of('cpu')), of('cpu') !== undefined && 'cores'],
  ];
  return html`<dl class="strip">${numbers.map(
    ([label, value, more]) =>
      html`<div><dt>${label}</dt><dd>${value}${more && html` <small>${more}</small>`}</dd></div>`,
  )}</dl>`;
}

interface NodeRow {
  readonly node: NodeRecord;
  readonly at: number;
  readonly address: string;
  readonly share: number | undefined;
  readonly of: (name: MeasureName) => number | undefined;
}

export function nodesView(cluster: ClusterRecord, recent: Recent, { parts }: View): Html {
  const { host } = parts.limits;
  const addressOf = ({ id }: NodeRecord) => nodeAddress(cluster, id, host);
  const serving = cluster.nodes.filter(({ status }) => status !== 'creating');
  const label = `How the keys are spread over ${counted(serving.length, 'node')}`;
  const inRing = serving.map((node) => ({ id: node.id, address: addressOf(node) }));
  const ring = inRing.length === 0 ? undefined : ringOf(inRing, cluster.replicas, label);
  const rows = cluster.nodes.map((node): NodeRow => {
    const sample = recent.nodes.find((each) => each.node === node.id)?.sample;
    const at = serving.indexOf(node);
    return {
      ...{ node, at, address: addressOf(node), share: ring?.shares[at] },
      of: (name) => sample && valueIn(sample, name),
    };
  });
  return html`<div class="nodes">${ring?.picture}${table({
    label: 'Nodes',
    columns: NODE_COLUMNS,
    rows,
    empty: 'There are no nodes.',
    dataOf: ({ node }) => html` data-node="${node.id}"`,
  })}</div>`;
}

const NODE_COLUMNS: readonly Column<NodeRow>[] = [
  {
    head: 'Node',
    isName: true,
    cell: ({ node, at }) =>
      html`<i class="swatch ${at < 0 ? 'none' : `n${at % COLOURS}`}"></i>${node.id}`,
  },
  { head: 'Status', cell: ({ node }) => statusOf(node.status) },
  { head: 'Endpoint', cell: ({ address }) => html`<code>${address}</code>` },
  { head: 'Keys', isNumber: true, cell: ({ share }) => percent(share) },
  { head: 'Items', isNumber: true, cell: ({ of }) => whole(of('items')) },
  { head: 'Memory', cell: ({ of }) => memoryBar(of('usedBytes'), of('limitBytes')) },
  { head: 'Requests/s', isNumber: true, cell: ({ of }) => amount(of('commands')) },
  { head: '99 %', isNumber: true, cell: ({ of }) => latency(of('p99Seconds')) },
];

function memoryBar(used: number | undefined, limit: number | undefined): Content {
  if (used === undefined || limit === undefined) return UNKNOWN;
  const text = `${bytes(used)} of ${bytes(limit)}`;
  const share = used / limit;
  return html`<span class="gauge">${bar(share, text)}<span>${percent(share)}</span></span>`;
}

export function hotKeysTable(keys: readonly HotKey[] | undefined): Html {
  if (keys === undefined) {
    return html`<p class="empty">No node tells its hot keys, or this access key may not see them
(<code>slabring:DescribeHotKeys</code>).</p>`;
  }
  return table({
    label: 'Hot keys',
    columns: KEY_COLUMNS,
    rows: keys,
    empty: 'No key has many requests.',
  });
}

const KEY_COLUMNS: readonly Column<HotKey>[] = [
  { head: 'Key', isName: true, cell: ({ key }) => html`<code class="key">${key}</code>` },
  { head: 'Node', cell: ({ node }) => node },
  { head: 'Requests/s', isNumber: true, cell: ({ requestsPerSecond: n }) => amount(n) },
  { head: 'Hit ratio', isNumber: true, cell: ({ hitRatio: ratio }) => percent(ratio) },
  { head: 'Size', isNumber: true, cell: (key) => (key.bytes > 0 ? bytes(key.bytes) : UNKNOWN) },
];

export function settingsView(cluster: ClusterRecord, { parts }: View): Html {
  const { id, parameterGroup: group } = cluster;
  const tags = Object.entries(parts.state.tagsOf('cluster', id)).map(
    ([key, value]) => html`<div>${key} = ${value}</div>`,
  );
  const settings: readonly (readonly [string, Content])[] = [
    ['Node type', cluster.nodeType],
    ['Copies of a key', String(cluster.replicas)],
    ['Engine version', cluster.engineVersion],
    ['Parameter group', html`<a href="/console/parameter-groups/${group}">${group}</a>`],
    ['Maintenance', `${cluster.maintenanceWindow} UTC`],
    ['Zone', cluster.isCrossZone ? 'Multiple' : cluster.zone],
    ['Created', timeOf(cluster.createdMs)],
    ['ARN', html`<code>${arnOf(parts.region, { kind: 'cluster', id })}</code>`],
    ['Tags', tags.length === 0 ? 'none' : tags],
  ];
  return html`<dl class="settings">${settings.map(
    ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`,
  )}</dl>`;
}
