/** What happened. */
import { UNKNOWN } from '../format.ts';
import { type Column, table, timeOf } from '../frame.ts';
import { attribute, type Html, html } from '../html.ts';
import type { View } from '../view.ts';
import type { Form } from '../web.ts';

/** Events are kept for 14 days. */
const MINUTES = { hour: 60, day: 24 * 60, all: 14 * 24 * 60 };
const OF_CLUSTER_MAX = 15;

interface EventRow {
  readonly SourceIdentifier?: string | undefined;
  readonly SourceType?: string | undefined;
  readonly Message?: string | undefined;
  readonly Date?: number | undefined;
}

/** The last events of a cluster, the newest first. */
export function eventsTable(view: View, { cluster }: { readonly cluster: string }): Html {
  const rows = eventsOf(view, { SourceIdentifier: cluster, Duration: MINUTES.all });
  return table({
    label: 'Events',
    columns: [WHEN, WHAT],
    rows: rows.slice(0, OF_CLUSTER_MAX),
    empty: 'Nothing has happened.',
  });
}

export function eventsPage(view: View, query: Form): Html {
  const chosen = query.get('since') ?? 'day';
  const since = Object.hasOwn(MINUTES, chosen) ? (chosen as keyof typeof MINUTES) : 'day';
  const rows = eventsOf(view, { Duration: MINUTES[since] });
  return html`<div class="head"><h1>Events</h1>
<form class="inline" method="get" action="/console/events"><label for="since">Since</label>
<select id="since" name="since">${CHOICES.map(
    ([value, label]) =>
      html`<option value="${value}"${attribute('selected', value === since)}>${label}</option>`,
  )}</select> <button>Show</button></form></div>
<div data-live="events">${table({
    label: 'Events',
    columns: [WHEN, SOURCE, WHAT],
    rows,
    empty: 'Nothing has happened.',
  })}</div>`;
}

const CHOICES = [
  ['hour', 'an hour ago'],
  ['day', 'a day ago'],
  ['all', '14 days ago'],
] as const;

const WHEN: Column<EventRow> = {
  head: 'Time (UTC)',
  isName: true,
  cell: ({ Date: at }) => (at === undefined ? UNKNOWN : timeOf(at)),
};

const SOURCE: Column<EventRow> = {
  head: 'Source',
  cell: ({ SourceType: type, SourceIdentifier: id = '' }) =>
    type === 'cache-cluster'
      ? html`<a href="/console/clusters/${id}">${id}</a>`
      : html`${id} <span class="dim">${type?.replaceAll('-', ' ')}</span>`,
};

const WHAT: Column<EventRow> = { head: 'Event', cell: ({ Message }) => Message };

function eventsOf(
  view: View,
  filter: { readonly SourceIdentifier?: string; readonly Duration: number },
): readonly EventRow[] {
  const of =
    filter.SourceIdentifier === undefined ? {} : ({ SourceType: 'cache-cluster' } as const);
  const events = view.all((Marker) => {
    const { Events = [], Marker: marker } = view.run('DescribeEvents', {
      ...{ ...filter, ...of, Marker },
    });
    return { records: Events, marker };
  });
  return events.toReversed();
}
