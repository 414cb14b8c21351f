import { expect, test } from 'vitest';
import { changesPerSecond } from '../../../../src/ops/top/changes.ts';

const reading = (atMs: number, stats: Readonly<Record<string, string>>) => ({
  atMs,
  stats: new Map(Object.entries(stats)),
});

test('a change is signed, and has the time between the readings', () => {
  const before = { grows: '10', falls: '5', rests: '3', fraction: '0.5', gone: '1' };
  const after = { grows: '14', falls: '1', rests: '3', fraction: '1.5', added: '1' };
  const changes = changesPerSecond(reading(1000, before), reading(3000, after));
  expect(Object.fromEntries(changes)).toEqual({ grows: 2, falls: -2, fraction: 0.5 });
});

test('text, clocks, and readings of one moment have no change', () => {
  const before = reading(0, { version: '1.6.18', uptime: '1', time: '5', empty: '', x: '1' });
  const after = { version: '1.6.19', uptime: '2', time: '6', empty: '1', x: '2' };
  expect([...changesPerSecond(before, reading(1000, after)).keys()]).toEqual(['x']);
  expect(changesPerSecond(before, reading(0, after)).size).toBe(0);
});
