/** Snapshots: all of them, and one with what can be done to it. */
import { ApiError } from '../../api/errors.ts';
import type { SnapshotRecord } from '../../model/records.ts';
import { csrfField, textField } from '../fields.ts';
import { bytes, whole } from '../format.ts';
import { alertOf, type Column, statusOf, table, timeOf } from '../frame.ts';
import { type Html, html } from '../html.ts';
import type { View } from '../view.ts';
import type { Form } from '../web.ts';

export function snapshotsPage(view: View): Html {
  return html`<div class="head"><h1>Snapshots</h1></div>
<p class="lead">A snapshot has all items of a cluster. A new cluster of any shape can begin with
them.</p>
<div data-live="snapshots">${table({
    label: 'Snapshots',
    columns: COLUMNS,
    rows: snapshotsOf(view),
    empty: 'There is no snapshot yet. The page of a cluster takes one.',
  })}</div>`;
}

/** @throws {ApiError} */
export const snapshotsOf = (view: View): readonly SnapshotRecord[] =>
  view
    .all((Marker) => {
      const { Snapshots = [], Marker: marker } = view.run('DescribeSnapshots', { Marker });
      return { records: Snapshots, marker };
    })
    .flatMap(({ SnapshotName: name = '' }) => view.parts.state.get('snapshot', name) ?? []);

const COLUMNS: readonly Column<SnapshotRecord>[] = [
  {
    head: 'Snapshot',
    isName: true,
    cell: ({ name }) => html`<a href="/console/snapshots/${name}">${name}</a>`,
  },
  { head: 'Status', cell: ({ status }) => statusOf(status) },
  { head: 'Cluster', cell: ({ cluster }) => cluster.id },
  { head: 'Created (UTC)', cell: ({ createdMs }) => timeOf(createdMs) },
  { head: 'Items', isNumber: true, cell: ({ items }) => whole(items) },
  { head: 'File', isNumber: true, cell: (snapshot) => bytes(snapshot.bytes) },
];

/** @throws {ApiError} `SnapshotNotFoundFault` */
export function snapshotPage(view: View, name: string, error?: string): Html {
  view.run('DescribeSnapshots', { SnapshotName: name });
  const { cluster, status, createdMs, items, ...snapshot } = view.parts.state.get(
    'snapshot',
    name,
  )!;
  const nodes = String(cluster.nodes.length);
  const like = String(new URLSearchParams({ snapshot: name, type: cluster.nodeType, nodes }));
  const isAvailable = status === 'available';
  return html`<div class="head"><div><h1>${name}</h1>${statusOf(status)}</div>
<p class="actions">${
    isAvailable &&
    html`<a class="button primary" href="/console/create?${like}">Create a cluster with it</a>`
  }</p></div>
<dl class="settings"><dt>Cluster</dt><dd>${cluster.id}</dd>
<dt>Nodes</dt><dd>${nodes} of ${cluster.nodeType}</dd>
<dt>Created</dt><dd>${timeOf(createdMs)}</dd>
<dt>Items</dt><dd>${whole(items)}</dd>
<dt>File</dt><dd>${bytes(snapshot.bytes)}</dd></dl>
<section class="form"><h2>Delete</h2>
${alertOf(error)}
<form method="post" action="/console/snapshots/${name}">${csrfField(view.session)}
${textField({ name: 'confirm', label: `To confirm, type ${name}`, isRequired: true })}
<p class="actions"><button class="danger">Delete ${name}</button></p></form></section>`;
}

/**
 * Deletes a snapshot; returns where to go then.
 * @throws {ApiError}
 */
export function deleteSnapshot(view: View, name: string, form: Form): string {
  if (form.get('confirm') !== name) {
    throw new ApiError('InvalidParameterValue', `Type ${name} to delete it.`);
  }
  view.run('DeleteSnapshot', { SnapshotName: name });
  return '/console/snapshots?done=deleted';
}
