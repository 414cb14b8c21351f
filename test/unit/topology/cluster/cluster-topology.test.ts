import { describe, expect, test } from 'vitest';
import {
  answers,
  isAtRest,
  memberOf,
  STATE_RULES,
} from '../../../../src/topology/cluster/cluster-topology.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

describe('the states of members', () => {
  test('a member that answers is up and has points in the ring in force', () => {
    for (const rule of Object.values(STATE_RULES)) {
      if (rule.answers) expect(rule).toMatchObject({ isUp: true, inRing: true });
    }
  });
  test('only a serving or leaving member with a weight answers', () => {
    const answering = Object.keys(STATE_RULES).filter((state) =>
      answers(memberWith(1, { state: state as 'serving' })),
    );
    expect(answering).toEqual(['serving', 'leaving']);
    expect(answers(memberWith(1, { weight: 0 }))).toBe(false);
  });
  test('a topology is at rest if each member serves or is down', () => {
    expect(isAtRest(topologyWith([memberWith(1), memberWith(2, { state: 'down' })]))).toBe(true);
    for (const state of ['joining', 'filling', 'leaving', 'gone'] as const) {
      expect(isAtRest(topologyWith([memberWith(1), memberWith(2, { state })]))).toBe(false);
    }
  });
  test('memberOf finds a member by its name', () => {
    expect(memberOf(topologyWith(3), 'web-2')).toEqual(memberWith(2));
    expect(memberOf(topologyWith(3), 'web-4')).toBeUndefined();
  });
});
