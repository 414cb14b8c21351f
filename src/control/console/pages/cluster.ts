/** One cluster: what it is, what it does, and what it needs. */
import type { HotKey } from '../../metrics/hot-keys.ts';
import { adviceFor } from '../../model/advice.ts';
import { type ClusterRecord, changeIsStuck, mayBeDeleted } from '../../model/records.ts';
import { CHARTS, chartOf } from '../charts.ts';
import { statusOf } from '../frame.ts';
import { type Content, type Html, html } from '../html.ts';
import { progressView } from '../plan-view.ts';
import type { Planned } from '../plans.ts';
import { RANGES, type RangeName, type Recent, stepsOf } from '../recent.ts';
import { usageOf } from '../usage.ts';
import type { View } from '../view.ts';
import { classesTable, memoryView } from './cluster-memory.ts';
import { hotKeysTable, nodesView, settingsView, stripView } from './cluster-parts.ts';
import { eventsTable } from './events.ts';

interface ClusterShown {
  readonly cluster: ClusterRecord;
  readonly range: RangeName;
  readonly recent: Recent;
  /** Undefined: no node tells any. */
  readonly hotKeys: readonly HotKey[] | undefined;
  /** What is left to do; undefined at rest. */
  readonly plan: Planned | undefined;
  readonly notice: Content;
}

export function clusterPage(view: View, shown: ClusterShown): Html {
  const { cluster, recent, plan, notice } = shown;
  const { id, status } = cluster;
  return html`<div class="head">
<div data-live="title" role="status"><h1>${id}</h1>${statusOf(status)}</div>
<div data-live="endpoint">${endpointOf(cluster, view.parts.limits.host)}</div>
${actionsOf(cluster)}
</div>
${notice}
<div data-live="state">${failureOf(cluster)}${pendingOf(cluster)}${
    plan !== undefined && progressView(plan, recent)
  }</div>
<div data-live="strip">${stripView(recent)}</div>
${chartsView(view, shown)}
<div class="columns">
<section class="wide" data-live="nodes"><h2>Nodes</h2>${nodesView(cluster, recent, view)}</section>
<section data-live="advice"><h2>Advice</h2>${adviceView(cluster, recent)}</section>
</div>
<div class="columns">
<section class="wide" data-live="classes"><h2>Memory by size class</h2>
${classesTable(recent)}</section>
<section data-live="memory"><h2>Memory by use</h2>${memoryView(recent)}</section>
</div>
<div class="columns">
<section class="wide" data-live="hot"><h2>Hot keys</h2>${hotKeysTable(shown.hotKeys)}</section>
<section><h2>Settings</h2>${settingsView(cluster, view)}</section>
</div>
<section data-live="events"><h2>Events</h2>${eventsTable(view, { cluster: id })}</section>`;
}

const endpointOf = ({ port, status }: ClusterRecord, host: string): Content =>
  status !== 'creating' &&
  status !== 'deleting' &&
  html`<p class="endpoint"><span class="dim">Configuration endpoint</span>
<code>${host}:${port}</code></p>`;

/** What can be done; an operation waits until the cluster is available. */
function actionsOf(cluster: ClusterRecord): Html {
  const { id, status } = cluster;
  const action = (name: string, label: string, kind = '') =>
    html`<a class="button ${kind}" href="/console/clusters/${id}/${name}">${label}</a>\n`;
  const changes = [action('scale', 'Scale', 'primary'), action('modify', 'Modify')];
  const last = action('delete', 'Delete', 'danger');
  const all = [...changes, action('reboot', 'Reboot'), action('snapshot', 'Snapshot'), last];
  const stuck = [...(changeIsStuck(cluster) ? changes : []), last];
  const possible = status === 'available' ? all : mayBeDeleted(cluster) && stuck;
  return html`<p class="actions" data-live="actions">${possible}</p>`;
}

const failureOf = ({ failure }: ClusterRecord): Content =>
  failure !== undefined &&
  html`<p class="alert" role="alert">A step failed, and is tried again: ${failure}</p>`;

function pendingOf({ pending, maintenanceWindow }: ClusterRecord): Content {
  const changes = [
    pending.numCacheNodes !== undefined && html`${pending.numCacheNodes} nodes`,
    pending.nodeType !== undefined && html`node type ${pending.nodeType}`,
    pending.engineVersion !== undefined && html`engine version ${pending.engineVersion}`,
  ].filter((each) => each !== false);
  if (changes.length === 0) return undefined;
  const list = changes.map((each, nth) => [nth > 0 && ', ', each]);
  return html`<p class="note">Waits for the maintenance window (${maintenanceWindow} UTC):
${list}.</p>`;
}

function chartsView(view: View, { cluster, range }: ClusterShown): Html {
  const { steps } = stepsOf(view, cluster.id, range);
  const ranges = Object.entries(RANGES).map(([name, { label }]) => {
    const current = name === range ? html` aria-current="true"` : undefined;
    return html`<a href="/console/clusters/${cluster.id}?range=${name}"${current}>${label}</a>\n`;
  });
  return html`<section aria-labelledby="charts-title">
<div class="head"><h2 id="charts-title">Last ${RANGES[range].label} <small>UTC</small></h2>
<p class="ranges">${ranges}</p></div>
<div class="charts" data-series="/console/clusters/${cluster.id}/series.json?range=${range}">
${CHARTS.map((chart) => chartOf(chart, steps))}</div>
</section>`;
}

function adviceView(cluster: ClusterRecord, recent: Recent): Html {
  const usage = usageOf(cluster, recent);
  const advice = usage === undefined ? [] : adviceFor(usage);
  if (advice.length === 0) {
    const isNew = usage === undefined || usage.seconds < 120;
    return html`<p class="empty">${
      isNew ? 'It needs samples of a few minutes.' : 'The size of the cluster fits its use.'
    }</p>`;
  }
  return html`<ul class="advice">${advice.map(
    ({ title, text, nodeType }) =>
      html`<li><b>${title}.</b> ${text}${
        nodeType !== undefined &&
        html` <a href="/console/clusters/${cluster.id}/scale?type=${nodeType}">Plan ${nodeType}</a>`
      }</li>`,
  )}</ul>`;
}
