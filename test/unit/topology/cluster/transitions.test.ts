import { describe, expect, test } from 'vitest';
import type {
  ClusterTopology,
  Member,
  MemberState,
} from '../../../../src/topology/cluster/cluster-topology.ts';
import {
  firstTopology,
  type NewMember,
  withChangeGivenUp,
  withDown,
  withJoined,
  withLeaving,
  withReplaced,
  withRestarted,
} from '../../../../src/topology/cluster/transitions.ts';
import { TopologyError } from '../../../../src/topology/topology-error.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const newMember = (nth: number, fields: Partial<Member> = {}): NewMember => {
  const { state: _state, ...rest } = memberWith(nth, fields);
  return rest;
};
const statesOf = ({ version, members }: ClusterTopology): string =>
  `${version}: ${members.map(({ name, state }) => `${name} ${state}`).join(', ')}`;
/** A cluster of members web-1, web-2, … in these states. */
const inStates = (states: readonly MemberState[], fields: Partial<ClusterTopology> = {}) =>
  topologyWith(
    states.map((state, at) => memberWith(at + 1, { state })),
    fields,
  );

function refusalOf(change: () => ClusterTopology): string {
  try {
    change();
  } catch (error) {
    if (error instanceof TopologyError) return error.message;
    throw error;
  }
  return '';
}

describe('the first topology', () => {
  test('all members serve', () => {
    const settings = { cluster: 'web', replicas: 2, replication: 'async' } as const;
    const topology = firstTopology(settings, [newMember(1), newMember(2)]);
    expect(statesOf(topology)).toBe('1: web-1 serving, web-2 serving');
    expect(topology).toMatchObject(settings);
  });
  test('a member with a wrong field is refused', () => {
    const settings = { cluster: 'web', replicas: 1, replication: 'sync' } as const;
    expect(refusalOf(() => firstTopology(settings, [newMember(1, { weight: -1 })]))).toContain(
      'weight is -1',
    );
  });
});

describe('a node that joins', () => {
  test('a new member is joining until it has its items', () => {
    expect(statesOf(withJoined(inStates(['serving']), newMember(2)))).toBe(
      '2: web-1 serving, web-2 joining',
    );
  });
  test('one of weight 0 serves at once, also during a change', () => {
    const proxy = newMember(3, { weight: 0 });
    expect(statesOf(withJoined(inStates(['serving', 'joining']), proxy))).toContain(
      'web-3 serving',
    );
  });
  test('several join at once only while nobody answers', () => {
    const filling = withJoined(inStates(['joining', 'down']), newMember(3));
    expect(statesOf(filling)).toBe('2: web-1 joining, web-2 down, web-3 joining');
    expect(refusalOf(() => withJoined(inStates(['serving', 'joining']), newMember(3)))).toBe(
      'web-2 is joining the cluster: wait until it is done, or give that up.',
    );
  });
  test('a known name, a known address and a weight without keys are refused', () => {
    const present = inStates(['serving', 'serving']);
    expect(refusalOf(() => withJoined(present, newMember(2)))).toContain('is a member');
    const twin = newMember(3, { address: '10.0.0.1:11211' });
    expect(refusalOf(() => withJoined(present, twin))).toContain('the same address');
    const heavy = newMember(3, { weight: 1000 });
    expect(refusalOf(() => withJoined(present, heavy))).toContain('web-1 is too small');
  });
});

describe('a member that leaves', () => {
  test('a serving one is leaving, and one without items is gone', () => {
    expect(statesOf(withLeaving(inStates(['serving', 'serving', 'serving']), 'web-2'))).toContain(
      'web-2 leaving',
    );
    expect(statesOf(withLeaving(inStates(['serving', 'down']), 'web-2'))).toContain('web-2 gone');
    expect(statesOf(withLeaving(inStates(['serving', 'filling']), 'web-2'))).toContain('gone');
  });
  test('one of weight 0 is removed at once', () => {
    const members = [memberWith(1), memberWith(2, { weight: 0 })];
    expect(statesOf(withLeaving(topologyWith(members), 'web-2'))).toBe('2: web-1 serving');
  });
  test('the last node, one that the replicas need, and a second change are refused', () => {
    expect(refusalOf(() => withLeaving(inStates(['serving']), 'web-1'))).toContain('the last node');
    expect(refusalOf(() => withLeaving(inStates(['serving', 'serving']), 'web-1'))).toBe(
      'Without web-1 there are only 1 of the 2 nodes that hold each key: add a node first.',
    );
    expect(
      refusalOf(() => withLeaving(inStates(['serving', 'serving', 'leaving']), 'web-1')),
    ).toContain('web-3 is leaving');
    expect(refusalOf(() => withLeaving(inStates(['serving']), 'web-9'))).toContain('no node web-9');
  });
  test('the last node of a zone that the replicas need is refused', () => {
    const zones = ['a', 'a', 'b'].map((zone, at) => memberWith(at + 1, { zone }));
    expect(refusalOf(() => withLeaving(topologyWith(zones), 'web-3'))).toContain(
      '1 of the 2 zones',
    );
    expect(statesOf(withLeaving(topologyWith(zones), 'web-1'))).toContain('web-1 leaving');
  });
});

describe('a member that is replaced', () => {
  test('the new one joins and the old one leaves in one change', () => {
    const replaced = withReplaced(inStates(['serving', 'serving']), 'web-1', newMember(3));
    expect(statesOf(replaced)).toBe('2: web-1 leaving, web-2 serving, web-3 joining');
    expect(statesOf(withReplaced(inStates(['serving', 'down']), 'web-2', newMember(3)))).toBe(
      '2: web-1 serving, web-2 gone, web-3 joining',
    );
  });
  test('one that has given its items away, but still finishes its changes, is refused', () => {
    const members = [memberWith(1), memberWith(2, { weight: 0, state: 'leaving' })];
    const leaving = topologyWith(members);
    const sentence = 'web-2 is leaving already.';
    expect(refusalOf(() => withReplaced(leaving, 'web-2', newMember(3)))).toBe(sentence);
    expect(refusalOf(() => withLeaving(leaving, 'web-2'))).toBe(sentence);
  });
  test('the last node can be replaced, but not by a member', () => {
    const alone = inStates(['serving'], { replicas: 1 });
    expect(statesOf(withReplaced(alone, 'web-1', newMember(2)))).toContain('web-1 leaving');
    expect(refusalOf(() => withReplaced(alone, 'web-1', newMember(1)))).toContain('is a member');
  });
  test('a member of weight 0 does not take the place of the last node', () => {
    const alone = inStates(['serving'], { replicas: 1 });
    const proxy = newMember(2, { weight: 0 });
    expect(refusalOf(() => withReplaced(alone, 'web-1', proxy))).toContain('the last node');
  });
});

describe('a change that is given up', () => {
  test('the joining member is removed, and a leaving one stays as it was', () => {
    const topology = inStates(['joining', 'leaving', 'gone', 'filling', 'down', 'serving']);
    expect(statesOf(withChangeGivenUp(topology))).toBe(
      '2: web-2 serving, web-3 down, web-4 filling, web-5 down, web-6 serving',
    );
  });
  test('a request without a change under way is refused', () => {
    expect(refusalOf(() => withChangeGivenUp(inStates(['filling'])))).toContain('No change');
  });
  test('a member that has given its keys away stays no more', () => {
    const members = [memberWith(1), memberWith(2, { state: 'leaving', weight: 0 })];
    expect(refusalOf(() => withChangeGivenUp(topologyWith(members)))).toMatch(/web-2 .* already/);
  });
});

describe('a member whose process has ended', () => {
  test.each([
    ['serving', 'web-2 down'],
    ['filling', 'web-2 down'],
    ['leaving', 'web-2 gone'],
    ['joining', '2: web-1 serving'],
  ] as const)('a %s member gives: %s', (state, after) => {
    const down = withDown(inStates(['serving', state]), 'web-2', 1002);
    expect(statesOf(down)).toContain(after);
    expect(down.members.length).toBe(state === 'joining' ? 1 : 2);
  });
  test('a joining member that ends leaves the cluster as it was before the change', () => {
    const replacing = inStates(['leaving', 'joining', 'serving', 'gone']);
    expect(statesOf(withDown(replacing, 'web-2', 1002))).toBe(
      '2: web-1 serving, web-3 serving, web-4 down',
    );
  });
  test('a message about another incarnation, or a second one, is refused', () => {
    const two = inStates(['serving', 'down']);
    expect(refusalOf(() => withDown(two, 'web-1', 7))).toContain('another incarnation');
    expect(refusalOf(() => withDown(two, 'web-2', 1002))).toContain('down already');
    expect(refusalOf(() => withDown(two, 'web-3', 1))).toContain('no node web-3');
  });
  test('the last member that serves may die', () => {
    expect(statesOf(withDown(inStates(['serving']), 'web-1', 1001))).toBe('2: web-1 down');
  });
});

describe('a new incarnation', () => {
  const restart = (states: readonly MemberState[], incarnation = 77): ClusterTopology =>
    withRestarted(inStates(states), 'web-2', incarnation, '10.0.0.2:500');
  test('a member that was down is filled at its new peer address', () => {
    expect(restart(['serving', 'down']).members[1]).toEqual(
      memberWith(2, { state: 'filling', incarnation: 77, peerAddress: '10.0.0.2:500' }),
    );
  });
  test('a joining member joins on, and one of weight 0 serves', () => {
    expect(statesOf(restart(['serving', 'joining']))).toContain('web-2 joining');
    const proxy = topologyWith([memberWith(1), memberWith(2, { weight: 0, state: 'down' })]);
    const again = withRestarted(proxy, 'web-2', 5, '10.0.0.2:500');
    expect(statesOf(again)).toContain('web-2 serving');
  });
  test('the same incarnation, and a member that nobody reported down, are refused', () => {
    expect(refusalOf(() => restart(['serving', 'down'], 1002))).toContain('this incarnation');
    for (const state of ['serving', 'filling', 'leaving'] as const) {
      expect(refusalOf(() => restart(['serving', state]))).toContain('not been reported down');
    }
    expect(refusalOf(() => restart(['serving', 'gone']))).toContain('web-2 is leaving');
  });
});
