import { describe, expect, test } from 'vitest';
import {
  adoptedBy,
  indexOfPeer,
  isSame,
  mayRun,
  peerKey,
  peersOf,
} from '../../../../src/cluster/thread/adopted.ts';
import type { Member } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const topology = topologyWith([
  memberWith(1),
  memberWith(2, { state: 'down' }),
  memberWith(3, { state: 'leaving' }),
  memberWith(4, { state: 'joining' }),
]);

describe('a topology as a member sees it', () => {
  test('the peers of a member are the other members whose processes run', () => {
    const names = peersOf(adoptedBy(topology, memberWith(1))).map(({ name }) => name);
    expect(names).toEqual(['web-3', 'web-4']);
  });
  test('a proxy is no peer of others, and has peers itself', () => {
    const proxy = memberWith(2, { weight: 0 });
    const left = memberWith(3, { weight: 0, state: 'leaving' });
    const members = topologyWith([memberWith(1), proxy, left]);
    const names = (self: Member) => peersOf(adoptedBy(members, self)).map(({ name }) => name);
    expect(names(memberWith(1))).toEqual(['web-3']);
    expect(names(proxy)).toEqual(['web-1', 'web-3']);
  });
  test('a member of another incarnation is not in it', () => {
    const restarted = memberWith(1, { incarnation: 7 });
    expect(adoptedBy(topology, restarted).self).toBe(-1);
    expect(indexOfPeer(topology, restarted)).toBe(-1);
    expect(mayRun(topology, restarted)).toBe(false);
    expect(isSame(restarted, memberWith(1))).toBe(false);
    expect(peerKey(restarted)).toBe('web-1#7');
  });
  test('a member that is down does not run', () => {
    expect(mayRun(topology, memberWith(2))).toBe(false);
    expect(mayRun(topology, memberWith(3))).toBe(true);
  });
});
