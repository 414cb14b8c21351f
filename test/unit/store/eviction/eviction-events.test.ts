import { expect, test } from 'vitest';
import { EvictionEvents } from '../../../../src/store/eviction/eviction-events.ts';
import { FLAG } from '../../../../src/store/memory/layout.ts';
import { StoreParts } from '../../../support/store-parts.ts';

test('an event has what watchers see of the item', () => {
  const parts = new StoreParts();
  parts.clock.tick(100);
  const longest = 'k'.repeat(250);
  const fetched = parts.newItem({ key: longest, expiry: 160, sizeClass: 20 });
  parts.items.setAccess(fetched, 90, 0);
  parts.items.setFlags(fetched, FLAG.fetched);
  const other = parts.newItem({ key: 'b' });
  parts.items.setAccess(other, 101, 0);
  const events = new EvictionEvents();
  events.record(parts.items, parts.clock, parts.arena.bytes, fetched, 20);
  events.record(parts.items, parts.clock, parts.arena.bytes, other, 5);
  expect(events.count).toBe(2);
  const [first, second] = events.events;
  expect(first).toMatchObject({ keyBytes: 250, fetched: true, ttl: 60, idleSeconds: 10 });
  expect(first).toMatchObject({ sizeClass: 20, bytes: parts.items.bytes(fetched) });
  expect(first!.key.toString('latin1', 0, 250)).toBe(longest);
  expect(second).toMatchObject({ keyBytes: 1, fetched: false, ttl: -1, idleSeconds: 0 });
  expect(second!.key.toString('latin1', 0, 1)).toBe('b');
});

test('more events than there is room for are dropped, and the first ones stay', () => {
  const parts = new StoreParts();
  const events = new EvictionEvents();
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
    events.record(parts.items, parts.clock, parts.arena.bytes, parts.newItem({ key }), 5);
  }
  expect(events.count).toBe(4);
  expect(events.events.map(({ key }) => key.toString('latin1', 0, 1))).toEqual([
    'a',
    'b',
    'c',
    'd',
  ]);
});

test('nobody watches at first', () => {
  expect(new EvictionEvents().isWatched()).toBe(false);
});
