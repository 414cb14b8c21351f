import { describe, expect, test } from 'vitest';
import { commonArcs } from '../../../../src/topology/cluster/common-arcs.ts';
import { KeyGroups } from '../../../../src/topology/cluster/key-groups.ts';
import { type ChangePlan, planChange } from '../../../../src/topology/cluster/plan.ts';
import { withJoined, withLeaving } from '../../../../src/topology/cluster/transitions.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const sum = (shares: readonly number[]): number =>
  shares.reduce((total, share) => total + share, 0);
const received = ({ members }: ChangePlan, name: string): number =>
  members.find((member) => member.name === name)!.received;

describe('the plan of a change', () => {
  test('a fourth node receives what it will hold, and nobody else receives anything', () => {
    const { state: _state, ...joiner } = memberWith(4);
    const topology = topologyWith(3);
    const plan = planChange(topology, withJoined(topology, joiner));
    const [one, , , four] = plan.members;
    expect(one).toMatchObject({ name: 'web-1', received: 0 });
    expect(four).toMatchObject({ name: 'web-4', before: 0 });
    expect(four!.received).toBeCloseTo(four!.after);
    expect(four!.after).toBeGreaterThan(0.4);
    expect(four!.after).toBeLessThan(0.6);
    expect(plan.primaryChanges).toBeGreaterThan(0.15);
    expect(plan.primaryChanges).toBeLessThan(0.35);
  });
  test('each key has its holders before and afterwards, and the moves are what is received', () => {
    const topology = topologyWith(4);
    const plan = planChange(topology, withLeaving(topology, 'web-2'));
    expect(plan.members.map(({ name }) => name)).toEqual(['web-1', 'web-2', 'web-3', 'web-4']);
    expect(sum(plan.members.map(({ before }) => before))).toBeCloseTo(2);
    expect(sum(plan.members.map(({ after }) => after))).toBeCloseTo(2);
    expect(received(plan, 'web-2')).toBe(0);
    const moved = sum(plan.moves.map(({ share }) => share));
    expect(moved).toBeCloseTo(sum(plan.members.map((member) => member.received)));
    expect(plan.members[1]).toMatchObject({ name: 'web-2', after: 0 });
    expect(moved).toBeCloseTo(plan.members[1]!.before);
  });
  test('a change of a member of weight 0 moves nothing', () => {
    const { state: _state, ...proxy } = memberWith(4, { weight: 0 });
    const topology = topologyWith(3);
    const plan = planChange(topology, withJoined(topology, proxy));
    expect(plan.moves).toEqual([]);
    expect(plan.primaryChanges).toBe(0);
  });
});

test('the common arcs of two topologies are the whole ring', () => {
  const arcs = commonArcs(new KeyGroups(topologyWith(3)), new KeyGroups(topologyWith(5)));
  expect(sum(arcs.map(({ share }) => share))).toBeCloseTo(1, 12);
  expect(arcs.every(({ share }) => share > 0)).toBe(true);
});
