import { describe, expect, test } from 'vitest';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { type Mark, Marks } from '../../../../src/cluster/thread/marks.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const three = adoptedBy(topologyWith(3, { version: 5 }), memberWith(1));

describe('known marks', () => {
  const mark = (nth: number, version: number, complete = 0): Mark => {
    const { name, incarnation } = memberWith(nth);
    return { name, incarnation, version, complete };
  };
  test('an older mark changes nothing', () => {
    const marks = new Marks();
    expect(marks.add(mark(2, 5, 4))).toBe(true);
    expect(marks.add(mark(2, 5, 3))).toBe(false);
    expect([marks.versionOf(memberWith(2)), marks.completeOf(memberWith(2))]).toEqual([5, 4]);
    expect(marks.versionOf(memberWith(2, { incarnation: 3 }))).toBe(0);
  });
  test('the marks of members that no topology has are dropped, unless they are ahead of it', () => {
    const marks = new Marks();
    marks.addAll([mark(2, 5), mark(7, 5), mark(8, 6)]);
    marks.prune([three]);
    expect(marks.list.map(({ name }) => name)).toEqual(['web-2', 'web-8']);
  });
});
