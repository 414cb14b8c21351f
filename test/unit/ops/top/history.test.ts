import { expect, test } from 'vitest';
import { type NodeRound, TopHistory } from '../../../../src/ops/top/history.ts';
import type { Reading } from '../../../../src/ops/top/reading.ts';

const replied = (node: string, atMs: number, gets: number): NodeRound<string> => {
  const stats = new Map([
    ['pid', '7'],
    ['cmd_get', `${gets}`],
  ]);
  return { node, value: { atMs, stats } satisfies Reading };
};
const ratesIn = (history: TopHistory<string>, round: readonly NodeRound<string>[]) => {
  const { nodes, total, upCount } = history.add(round);
  const rates = nodes.map((each) => each.failure ?? each.activity.getsPerSecond);
  return { rates, total: total.getsPerSecond, upCount };
};

test('rates begin with the second reading of each node', () => {
  const history = new TopHistory<string>();
  const first = ratesIn(history, [replied('a', 0, 5), replied('b', 0, 5)]);
  expect(first).toEqual({ rates: [undefined, undefined], total: undefined, upCount: 2 });
  const second = ratesIn(history, [replied('a', 1000, 7), replied('b', 2000, 15)]);
  expect(second).toEqual({ rates: [2, 5], total: 7, upCount: 2 });
});

test('a node that does not reply shows why, and is in no sum', () => {
  const history = new TopHistory<string>();
  ratesIn(history, [replied('a', 0, 0), replied('b', 0, 0)]);
  const round = [replied('a', 1000, 3), { node: 'b', failure: 'refused' }];
  expect(ratesIn(history, round)).toEqual({ rates: [3, 'refused'], total: 3, upCount: 1 });
});

test('a node that comes back has no rate over the time that it was away', () => {
  const history = new TopHistory<string>();
  ratesIn(history, [replied('a', 0, 0)]);
  ratesIn(history, [{ node: 'a', failure: 'refused' }]);
  expect(ratesIn(history, [replied('a', 9000, 9)]).rates).toEqual([undefined]);
  expect(ratesIn(history, [replied('a', 10_000, 19)]).rates).toEqual([10]);
});
