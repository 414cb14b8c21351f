import { expect, test } from 'vitest';
import { LOOP_DELAY_MS } from '../../../../src/commands/index.ts';
import { ThreadTable } from '../../../../src/node/shared/thread-table.ts';

test('a thread that measures nothing has no event loop', () => {
  const table = new ThreadTable(ThreadTable.allocate(2));
  table.setLoop(1, 500, 1000);
  expect(table.loopOf(0)).toBeUndefined();
  expect(table.loopOf(1)).toMatchObject({ activeSeconds: 0.5, heapBytes: 1000, gcRuns: 0 });
});

test('a delay counts in the first bucket that holds it, and a longer one in the last', () => {
  const table = new ThreadTable(ThreadTable.allocate(2));
  table.setLoop(0, 0, 0);
  for (const ms of [...LOOP_DELAY_MS, 0, 1.5, 5000]) table.addDelay(0, ms);
  table.addDelay(1, 1);
  const loop = table.loopOf(0);
  expect(loop?.delayCounts).toEqual([2, 2, ...LOOP_DELAY_MS.slice(2).map(() => 1), 1]);
  const sum = LOOP_DELAY_MS.reduce<number>((total, ms) => total + ms, 1.5 + 5000);
  expect(loop?.delaySeconds).toBeCloseTo(sum / 1000, 9);
});

test('collections add up', () => {
  const table = new ThreadTable(ThreadTable.allocate(1));
  table.setLoop(0, 0, 0);
  table.addGc(0, 2);
  table.addGc(0, 500);
  expect(table.loopOf(0)).toMatchObject({ gcRuns: 2 });
  expect(table.loopOf(0)?.gcSeconds).toBeCloseTo(0.502, 9);
});
