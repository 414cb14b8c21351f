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

test('a connection is silent once it has sent nothing for so long', () => {
  const table = new ConnectionTable(ConnectionTable.allocate(10));
  const slots = [100, 105, 110].map((at) => table.take('tcp:c', 'tcp:l', at));
  expect([0, 5, 10, 11].map((seconds) => table.countSilent(seconds, 110))).toEqual([3, 2, 1, 0]);
  table.touch(slots[0]!, 110);
  expect(table.countSilent(10, 110)).toBe(0);
  table.free(slots[1]!);
  expect(table.countSilent(5, 110)).toBe(0);
});
