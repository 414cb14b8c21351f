import { expect, test } from 'vitest';
import {
  type EvictionEvent,
  EvictionEvents,
} from '../../../../src/store/eviction/eviction-events.ts';
import { FLAG } from '../../../../src/store/memory/item-layout.ts';
import { StoreParts } from '../../../support/store-parts.ts';

/** An event as a listener receives it; the store reuses the object. */
interface Seen extends Omit<EvictionEvent, 'key'> {
  readonly key: string;
}

/** The events of a store, and what its listener has received. */
function listenTo(parts: StoreParts): { events: EvictionEvents; seen: Seen[] } {
  const events = new EvictionEvents(parts.all);
  const seen: Seen[] = [];
  events.listener = {
    areEvictionsWatched: true,
    evicted: (event) => {
      seen.push({ ...event, key: event.key.toString('latin1', 0, event.keyBytes) });
    },
  };
  return { events, seen };
}

test('an event has what watchers see of the item', () => {
  const parts = new StoreParts();
  parts.clock.tick(100);
  const longest = 'k'.repeat(250);
  const fetched = parts.newItem({ key: longest, expiry: 160, sizeClass: 20 });
  parts.items.setAccess(fetched, 90, 0);
  parts.items.setFlags(fetched, FLAG.fetched);
  const other = parts.newItem({ key: 'b' });
  parts.items.setAccess(other, 101, 0);
  const { events, seen } = listenTo(parts);
  events.record(fetched, 20);
  events.record(other, 5);
  expect(seen).toEqual([]);
  events.publish();
  expect(seen).toHaveLength(2);
  const [first, second] = seen;
  expect(first).toMatchObject({ keyBytes: 250, fetched: true, ttl: 60, idleSeconds: 10 });
  expect(first).toMatchObject({ sizeClass: 20, valueBytes: parts.items.valueBytes(fetched) });
  expect(first!.key).toBe(longest);
  expect(second).toMatchObject({ keyBytes: 1, fetched: false, ttl: -1, idleSeconds: 0 });
  expect(second!.key).toBe('b');
});

test('a listener receives each event once', () => {
  const parts = new StoreParts();
  const { events, seen } = listenTo(parts);
  events.publish();
  events.record(parts.newItem({ key: 'a' }), 5);
  events.publish();
  events.publish();
  events.record(parts.newItem({ key: 'b' }), 5);
  events.publish();
  expect(seen.map(({ key }) => key)).toEqual(['a', 'b']);
});

test('more events than there is room for are dropped, and the first ones stay', () => {
  const parts = new StoreParts();
  const { events, seen } = listenTo(parts);
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) events.record(parts.newItem({ key }), 5);
  events.publish();
  expect(seen.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd']);
});

test('nobody watches at first, and an event without a watcher is not recorded', () => {
  const parts = new StoreParts();
  const events = new EvictionEvents(parts.all);
  expect(events.listener.areEvictionsWatched).toBe(false);
  events.record(parts.newItem(), 5);
  const seen: EvictionEvent[] = [];
  events.listener = { areEvictionsWatched: true, evicted: (event) => void seen.push(event) };
  events.publish();
  expect(seen).toEqual([]);
});
