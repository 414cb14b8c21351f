import { beforeEach, expect, test } from 'vitest';
import { KIND_COUNT } from '../../../../src/commands/index.ts';
import { LatencyTable } from '../../../../src/node/shared/latency-table.ts';

let memory: SharedArrayBuffer;
let table: LatencyTable;
beforeEach(() => {
  memory = LatencyTable.allocate(3);
  table = new LatencyTable(memory);
});

test('a kind without requests has no histogram', () => {
  table.add(0, 5, 1, 1);
  expect(table.of(4)).toBeUndefined();
  expect(table.of(6)).toBeUndefined();
});
test('a histogram has the requests of all threads, by their weights', () => {
  table.add(0, 5, 1, 4);
  table.add(1, 5, 3, 1);
  table.add(2, 5, 8, 3);
  table.add(2, KIND_COUNT - 1, 500, 1);
  const histogram = new LatencyTable(memory).of(5)!;
  expect(histogram.count).toBe(8);
  expect(histogram.sumSeconds).toBeCloseTo(0.031, 9);
  expect(histogram.meanSeconds).toBeCloseTo(0.031 / 8, 9);
  expect(histogram.maxSeconds).toBeCloseTo(0.008, 9);
  expect(histogram.quantile(0.5) / 0.001).toBeCloseTo(1, 1);
  expect(histogram.quantile(0.999)).toBeLessThanOrEqual(0.008);
});
test('a reset begins at 0 on all threads, and the longest of before is not shown', () => {
  table.add(0, 5, 900, 2);
  table.add(1, 5, 1, 2);
  table.reset();
  expect(table.of(5)!.count).toBe(0);
  table.add(1, 5, 2, 3);
  const histogram = table.of(5)!;
  expect(histogram.count).toBe(3);
  expect(histogram.sumSeconds).toBeCloseTo(0.006, 9);
  expect(histogram.maxSeconds / 0.002).toBeGreaterThan(0.95);
  expect(histogram.maxSeconds / 0.002).toBeLessThan(1.05);
  table.reset();
  expect(table.of(5)!.count).toBe(0);
});
test('the last kind of the last thread has room', () => {
  table.add(2, KIND_COUNT - 1, 1e9, 1);
  expect(table.of(KIND_COUNT - 1)!.count).toBe(1);
  table.reset();
  expect(table.of(KIND_COUNT - 1)!.count).toBe(0);
});
