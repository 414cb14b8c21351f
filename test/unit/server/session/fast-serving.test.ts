import { expect, test } from 'vitest';
import type { ClusterSeat } from '../../../../src/server/session/cluster-seat.ts';
import { FastServing } from '../../../../src/server/session/fast-serving.ts';
import { markCopies } from '../../../support/copy-node.ts';
import {
  fastStore,
  SessionHarness,
  TEST_CONTROL,
  testShare,
} from '../../../support/session-harness.ts';

const HIT = 'get a\r\n';
const COPY = 'get copy\r\n';
const MISS = 'get b\r\n';
const CHANGE = 'set a 0 0 1\r\n2\r\n';
const INSERT = 'set b 0 0 1\r\n2\r\n';
const DELETE = 'delete a\r\n';
const REQUESTS = [HIT, COPY, MISS, CHANGE, INSERT, DELETE];

/** The seat of a thread, as far as the fast path asks it. */
const seatOf = (fast: ClusterSeat['fast']): ClusterSeat => ({
  version: 1,
  hasChanges: false,
  fast,
  locate: () => {
    throw new Error('the fast path does not locate keys');
  },
  settled: () => Promise.resolve(),
  forward: () => {},
  holdsCopy: () => false,
  changing: () => {},
  read: () => {},
  changed: () => {},
  changedFast: () => {},
  seal: () => false,
  mayAnswer: () => true,
  flushAll: () => {},
});

/** The requests that the fast path answers if the seat leaves so much to it. */
function answered(fast: ClusterSeat['fast']): readonly string[] {
  return REQUESTS.filter((request) => {
    const harness = new SessionHarness(testShare(fastStore('memory32')));
    harness.send('set a 0 0 1\r\n1\r\nset copy 0 0 1\r\n1\r\nset z 0 0 1\r\n1\r\n');
    markCopies(harness.store, (key) => key === 'copy');
    const log = { watchedStreams: 0, cfd: 0, publish: () => {} };
    const { fastPath, sink } = harness;
    const serving = new FastServing(fastPath!, sink, log, TEST_CONTROL, 1000, seatOf(fast));
    serving.serve(Buffer.from(request), 0, request.length, 10, true, 'admin');
    return serving.at === request.length;
  });
}

test.each([
  ['all', [HIT, MISS, CHANGE, INSERT, DELETE]],
  ['hits', [HIT, CHANGE, DELETE]],
  ['keptSets', [HIT, CHANGE]],
  ['hiddenSets', [HIT, CHANGE]],
  ['readHits', [HIT]],
  ['off', []],
] as const)('the fast path of a node that leaves it "%s" answers only that', (fast, expected) => {
  expect(answered(fast)).toEqual(expected);
});

test.each([
  ['keptSets', false],
  ['hiddenSets', true],
] as const)('with "%s" the seat gets each set once', (fast, isHidden) => {
  const harness = new SessionHarness(testShare(fastStore('memory32')));
  harness.send('set a 0 0 1\r\n1\r\n');
  const log = { watchedStreams: 0, cfd: 0, publish: () => {} };
  const told: string[] = [];
  const seat: ClusterSeat = {
    ...seatOf(fast),
    changedFast: ({ count, keys }) => void told.push(`${count} ${keys.toString('latin1', 0, 1)}`),
  };
  const { fastPath, sink, parts } = harness;
  const serving = new FastServing(fastPath!, sink, log, TEST_CONTROL, 1000, seat);
  const requests = Buffer.from(CHANGE + HIT);
  serving.serve(requests, 0, CHANGE.length, 10, true, 'readonly');
  expect(told).toEqual([]);
  serving.serve(requests, 0, CHANGE.length, 10, true, 'readwrite');
  serving.serve(requests, CHANGE.length, requests.length, 10, true, 'readwrite');
  expect(told).toEqual(['1 a']);
  expect(parts.arena.openChanges.some((count) => count > 0)).toBe(isHidden);
});
