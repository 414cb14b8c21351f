import { expect, test } from 'vitest';
import { ThreadTable } from '../../../../src/node/shared/thread-table.ts';
import { ThreadMeter } from '../../../../src/node/threads/thread-meter.ts';
import { waitUntil } from '../../../support/wait.ts';

test('a meter samples the event loop of its thread, its heap and its collections', async () => {
  const table = new ThreadTable(ThreadTable.allocate(1));
  const meter = new ThreadMeter(table, 0);
  meter.start();
  expect(table.loopOf(0)?.heapBytes).toBeGreaterThan(0);
  let garbage: number[][] = [];
  await waitUntil('there is a sample and a collection', () => {
    garbage = Array.from({ length: 1000 }, () =>
      Array.from({ length: 1000 }, () => garbage.length),
    );
    const loop = table.loopOf(0);
    return (loop?.delayCounts.some((count) => count > 0) ?? false) && loop!.gcRuns > 0;
  });
  expect(table.loopOf(0)?.gcSeconds).toBeGreaterThan(0);
  meter.stop();
});
