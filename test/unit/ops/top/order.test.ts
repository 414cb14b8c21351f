import { expect, test } from 'vitest';
import { activityOf } from '../../../../src/ops/top/activity.ts';
import type { NodeLine } from '../../../../src/ops/top/history.ts';
import { order, type SortKey } from '../../../../src/ops/top/order.ts';

const node = (name: string, items: number): NodeLine<string> => ({
  node: name,
  activity: { ...activityOf([]), items },
});
const NODES = [node('n10', 2), { node: 'n9', failure: 'refused' }, node('n2', 3), node('n1', 2)];

test.each<[SortKey, boolean, readonly string[]]>([
  ['node', false, ['n1', 'n2', 'n9', 'n10']],
  ['node', true, ['n10', 'n9', 'n2', 'n1']],
  ['items', false, ['n2', 'n1', 'n10', 'n9']],
  ['items', true, ['n1', 'n10', 'n2', 'n9']],
  ['rss', false, ['n1', 'n2', 'n9', 'n10']],
])('the order by %s is right (reversed: %s)', (key, isReversed, names) => {
  expect(order(NODES, key, isReversed).map((each) => each.node)).toEqual(names);
});
