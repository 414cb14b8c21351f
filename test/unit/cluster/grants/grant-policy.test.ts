import { describe, expect, test } from 'vitest';
import {
  answersUntil,
  goneBetween,
  granters,
  mayPromise,
  newBetween,
  takesOverAt,
} from '../../../../src/cluster/grants/grant-policy.ts';
import type { ClusterTopology, Member, MemberState } from '../../../../src/topology/index.ts';

const GRANT_MS = 3000;
const NEVER = Number.NEGATIVE_INFINITY;

function member(name: string, state: MemberState = 'serving', weight = 1): Member {
  const port = 1000 + name.charCodeAt(0);
  return {
    name,
    address: `10.0.0.1:${port}`,
    peerAddress: `10.0.0.1:${port + 1000}`,
    weight,
    zone: '',
    incarnation: 7,
    state,
  };
}

const topologyOf = (...members: readonly Member[]): ClusterTopology => ({
  cluster: 'web',
  version: 1,
  replicas: 2,
  replication: 'sync',
  members,
});

const SELF = { name: 'a', incarnation: 7 };
const granted = (askedMs: number, incarnation = 7) => ({ askedMs, incarnation });
const until = (topology: ClusterTopology, grants: Record<string, ReturnType<typeof granted>>) =>
  answersUntil(topology, SELF, new Map(Object.entries(grants)), GRANT_MS);

describe('the node that asks', () => {
  const three = topologyOf(member('a'), member('b'), member('c'));
  test('a node needs grants of all members that are up and may hold keys', () => {
    const states: readonly MemberState[] = [
      'joining',
      'filling',
      'serving',
      'leaving',
      'down',
      'gone',
    ];
    const others = states.map((state, nth) => member('bcdefg'[nth]!, state));
    const topology = topologyOf(member('a'), ...others, member('h', 'serving', 0));
    expect(granters(topology, 'a').map(({ name }) => name)).toEqual(['b', 'c', 'd', 'e']);
  });
  test('a node answers until the oldest grant ends, less the drift of clocks', () => {
    expect(until(three, { b: granted(1000), c: granted(2000) })).toBe(1000 + GRANT_MS - 60);
  });
  test.each([
    ['a grant is missing', three, { b: granted(1000) }],
    ['a grant is of an earlier process', three, { b: granted(1000), c: granted(2000, 6) }],
    ['the node is down', topologyOf(member('a', 'down'), member('b')), { b: granted(1000) }],
    ['the node is no member', topologyOf(member('b')), { b: granted(1000) }],
    ['the member is another process', topologyOf({ ...member('a'), incarnation: 8 }), {}],
  ])('a node answers for nothing if %s', (_, topology, grants) => {
    expect(until(topology, grants)).toBe(NEVER);
  });
  test('a proxy relays replies without grants, a node that has lost its weight does not', () => {
    expect(until(topologyOf(member('a', 'serving', 0), member('b')), {})).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(until(topologyOf(member('a', 'leaving', 0), member('b')), {})).toBe(NEVER);
  });
  test.each(['joining', 'filling'] as const)('a node that is %s relays without grants', (state) => {
    expect(until(topologyOf(member('a', state), member('b')), {})).toBe(Number.POSITIVE_INFINITY);
    const former = topologyOf({ ...member('a', state), incarnation: 8 }, member('b'));
    expect(until(former, {})).toBe(NEVER);
  });
  test('a node that is alone answers without grants', () => {
    const alone = topologyOf(member('a'), member('b', 'down'), member('c', 'serving', 0));
    expect(until(alone, {})).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the node that is asked', () => {
  test('a node promises to the present process of a member that is up', () => {
    const topology = topologyOf(member('a'), member('b', 'down'), member('c', 'filling'));
    const asked = (name: string, incarnation: number) =>
      mayPromise(topology, { name, incarnation });
    expect([asked('a', 7), asked('c', 7)]).toEqual([true, true]);
    expect([asked('a', 6), asked('b', 7), asked('d', 7)]).toEqual([false, false, false]);
  });
  test('a member has gone when it is down, removed or another process', () => {
    const before = topologyOf(
      member('a'),
      member('b'),
      member('c'),
      member('d', 'down'),
      member('e', 'serving', 0),
    );
    const restarted = { ...member('c', 'filling'), incarnation: 8 };
    const now = topologyOf(member('a', 'down'), restarted);
    expect(goneBetween(before, now).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(goneBetween(undefined, now)).toEqual([]);
    expect(goneBetween(before, before)).toEqual([]);
  });
  test('a member is new when it was not up before as this process', () => {
    const before = topologyOf(member('a'), member('b', 'down'), member('c'));
    const again = { ...member('c', 'filling'), incarnation: 8 };
    const now = topologyOf(member('a'), member('b', 'down'), again, member('d', 'joining'));
    expect(newBetween(before, now).map(({ name }) => name)).toEqual(['c', 'd']);
  });
  test('a node takes over when its last promise to the member ends', () => {
    const promised = new Map([['b', { incarnation: 7, promisedMs: 500 }]]);
    const gone = (incarnation: number) => ({ name: 'b', incarnation });
    expect(takesOverAt(gone(7), promised, 2000, GRANT_MS)).toBe(3500);
    expect(takesOverAt(gone(6), promised, 2000, GRANT_MS)).toBe(5000);
  });
});
