import { expect, test } from 'vitest';
import { LogRing } from '../../../../src/base/log/log-ring.ts';

const READ_MAX = 10_000;

test('a reader gets the last lines of its level, then those that come', () => {
  const ring = new LogRing();
  for (const [level, line] of [
    ['info', 'a'],
    ['warn', 'b'],
    ['debug', 'c'],
    ['error', 'd'],
  ] as const) {
    ring.push(level, line);
  }
  const first = ring.read(ring.startOf(2, 'info'), 'info', READ_MAX);
  expect(first).toEqual({ lines: ['b', 'd'], missing: 0, next: 4, isLast: true });
  expect(ring.read(ring.startOf(9, 'trace'), 'trace', READ_MAX).lines).toEqual([
    'a',
    'b',
    'c',
    'd',
  ]);
  expect(ring.read(ring.startOf(0, 'trace'), 'trace', READ_MAX).lines).toEqual([]);
  ring.push('trace', 'e');
  ring.push('warn', 'f');
  expect(ring.read(first.next, 'info', READ_MAX)).toEqual({
    ...{ lines: ['f'], missing: 0, next: 6, isLast: true },
  });
});

test('a read has at most as many lines as asked for, and the next one has the others', () => {
  const ring = new LogRing();
  for (let i = 0; i < 5; i++) ring.push('info', `${i}`);
  const first = ring.read(0, 'info', 2);
  expect(first).toEqual({ lines: ['0', '1'], missing: 0, next: 2, isLast: false });
  expect(ring.read(first.next, 'info', 9).lines).toEqual(['2', '3', '4']);
});

test.each([
  ['lines', 'x', 2000],
  ['characters', 'x'.repeat(8192), 64],
])(
  'the ring is bounded in %s, and tells a slow reader how many lines it missed',
  (_, line, kept) => {
    const ring = new LogRing();
    const pushed = 3 * kept;
    for (let i = 0; i < pushed; i++) ring.push('info', line);
    const read = ring.read(0, 'info', READ_MAX);
    expect({ lines: read.lines.length, missing: read.missing }).toEqual({
      lines: kept,
      missing: pushed - kept,
    });
  },
);

test('a reader is woken by each line until it leaves', () => {
  const ring = new LogRing();
  let wakes = 0;
  const leave = ring.onLine(() => void wakes++);
  ring.push('info', 'a');
  ring.push('debug', 'b');
  leave();
  ring.push('info', 'c');
  expect(wakes).toBe(2);
});
