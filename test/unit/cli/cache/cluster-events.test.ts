import { expect, test } from 'vitest';
import { eventsIn, mergedEvents } from '../../../../src/cli/cache/cluster-events.ts';
import { eventJson, eventText } from '../../../../src/cli/terminal/events-page.ts';
import { writeClusterStats } from '../../../../src/commands/admin/cluster-stats.ts';
import { clusterViewWith } from '../../../support/cluster-view.ts';

const [event] = clusterViewWith().events;
const plain = { style: (_: string, text: string) => text };

function statsOf(view = clusterViewWith()): ReadonlyMap<string, string> {
  const rows = new Map<string, string>();
  writeClusterStats(view, (name, value) => void rows.set(name, `${value}`));
  return rows;
}

test('the events in the statistics of a member are those that it has shown', () => {
  const { nth: _, ...shown } = event!;
  expect(eventsIn(statsOf())).toEqual([shown]);
});

test('an event of a newer slabring is left out', () => {
  expect(eventsIn(new Map([['event:1', '1.000 eclipse node-1 2 node-1 dark']]))).toEqual([]);
});

test('an event that several members show is one, and events are in the order of time', () => {
  const later = { ...event!, atMs: event!.atMs + 1, kind: 'takeover', by: 'web-1' } as const;
  const first = eventsIn(statsOf(clusterViewWith({ events: [{ ...later, nth: 1 }] })));
  const merged = mergedEvents([...first, ...eventsIn(statsOf()), ...eventsIn(statsOf())]);
  expect(merged.map(({ kind }) => kind)).toEqual(['death', 'takeover']);
});

test('an event whose cause one member does not know has the cause that another one knows', () => {
  const [known] = eventsIn(statsOf());
  const unknown = { ...known!, by: '-', atMs: known!.atMs + 7, reason: 'not known' };
  expect(mergedEvents([known!, unknown])).toEqual([known]);
  const takeovers = ['web-1', 'web-2'].map((by) => ({ ...known!, kind: 'takeover', by }) as const);
  expect(mergedEvents(takeovers)).toHaveLength(2);
});

test('an event is a line of text, or an object of JSON', () => {
  const [shown] = eventsIn(statsOf());
  expect(eventText(shown!, plain)).toBe(
    '2026-11-29T23:35:16.123Z death           web-3: web-3 has ended (supervisor, topology 9)',
  );
  expect(JSON.parse(eventJson(shown!))).toEqual({
    time: '2026-11-29T23:35:16.123Z',
    kind: 'death',
    node: 'web-3',
    version: 9,
    by: 'supervisor',
    reason: 'web-3 has ended',
  });
});
