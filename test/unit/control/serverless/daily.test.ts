import { expect, test } from 'vitest';
import { dueSnapshot, expired } from '../../../../src/control/serverless/daily.ts';

const at = (text: string): number => Date.parse(`2026-11-${text}:00Z`);
const CACHE = {
  name: 'web',
  createdMs: at('01T00:00'),
  dailySnapshotTime: '03:30',
  snapshotRetentionDays: 7,
};
const taken = (createdMs: number, expiresMs?: number) => {
  const made = { name: 'x', cache: 'web', type: 'automated', status: 'available' } as const;
  return { ...made, createdMs, expiresMs };
};

test('a snapshot is due at its time, and once', () => {
  expect(dueSnapshot(CACHE, [], at('10T03:29'))).toBe(undefined);
  const name = 'automatic-web-2026-11-10-03-30';
  expect(dueSnapshot(CACHE, [], at('10T03:30'))).toBe(name);
  expect(dueSnapshot(CACHE, [taken(at('09T03:30'))], at('10T03:40'))).toBe(name);
  expect(dueSnapshot(CACHE, [taken(at('10T03:31'))], at('10T03:40'))).toBe(undefined);
});

test('a snapshot is late by an hour at most, also over midnight', () => {
  expect(dueSnapshot(CACHE, [], at('10T04:31'))).toBe(undefined);
  const late = { ...CACHE, dailySnapshotTime: '23:45' };
  expect(dueSnapshot(late, [], at('10T00:15'))).toBe('automatic-web-2026-11-09-23-45');
});

test('no snapshot is due of a new cache, or without a retention', () => {
  expect(dueSnapshot({ ...CACHE, createdMs: at('10T03:31') }, [], at('10T03:40'))).toBe(undefined);
  expect(dueSnapshot({ ...CACHE, snapshotRetentionDays: 0 }, [], at('10T03:40'))).toBe(undefined);
});

test('snapshots expire by their own time', () => {
  const old = taken(at('01T03:30'), at('08T03:30'));
  const kept = taken(at('01T03:30'));
  expect(expired([old, kept], at('08T03:29'))).toEqual([]);
  expect(expired([old, kept], at('08T03:30'))).toEqual([old]);
});
