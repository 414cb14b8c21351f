import { expect, test } from 'vitest';
import { ConnectionTable } from '../../../src/server/sockets/connection-table.ts';

test('the end of the used slots follows the connections, not the limit', () => {
  const memory = ConnectionTable.allocate(100_000);
  const [table, other] = [new ConnectionTable(memory), new ConnectionTable(memory)];
  expect(table.slotsEnd()).toBe(0);
  const slots = Array.from({ length: 5 }, (_, i) => table.take(`tcp:c${i}`, 'tcp:l', i));
  expect([...slots, other.slotsEnd()]).toEqual([0, 1, 2, 3, 4, 5]);
  table.free(2);
  expect(other.take('tcp:again', 'tcp:l', 9)).toBe(2);
  expect(table.slotsEnd()).toBe(5);
  const views = other.views(1, 4, 10);
  expect(views.map(({ id, address, idleSeconds }) => [id, address, idleSeconds])).toEqual([
    [1, 'tcp:c1', 9],
    [2, 'tcp:again', 1],
    [3, 'tcp:c3', 7],
  ]);
  expect(table.views(4, 1e6, 10).map(({ id }) => id)).toEqual([4]);
});
