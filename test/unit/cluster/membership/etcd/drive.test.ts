import { describe, expect, test } from 'vitest';
import { Votes } from '../../../../../src/cluster/grants/votes.ts';
import type { RegisteredNode } from '../../../../../src/cluster/membership/etcd/cluster-keys.ts';
import { drive } from '../../../../../src/cluster/membership/etcd/drive.ts';
import { member, registered, topologyOf } from './cluster-facts.ts';
import { driven, factsOf } from './driven.ts';

const three = topologyOf(5, member('a'), member('b'), member('c'));
const nodes = [registered('a', 5), registered('b', 5), registered('c', 5)];

describe('the first topology of a cluster', () => {
  test('all registered nodes serve when each had the time to register', () => {
    const new2 = [registered('a', 0), registered('b', 0)];
    expect(driven(undefined, new2)).toBe('1: a serving, b serving (the cluster begins)');
    expect(driven(undefined, new2, { isSettled: false })).toBeUndefined();
    expect(driven(undefined, [])).toBeUndefined();
  });
  test('a driver waits for the node that has a newer topology than etcd', () => {
    expect(driven(undefined, [registered('a', 7), registered('b', 0)])).toBeUndefined();
    expect(driven(three, [registered('a', 6)])).toBeUndefined();
  });
  test('a driver waits for a member that may go on by a topology that etcd has lost', () => {
    const two = nodes.slice(0, 2);
    const adopted = new Map([['c#1', 6]]);
    expect(driven(three, two, { adopted })).toBeUndefined();
    const again = [...two, registered('c', 0, { incarnation: 2 })];
    expect(driven(three, again, { adopted })).toContain('(c has ended)');
    const removals = [{ name: 'c', incarnation: 1, by: 0, hasEnded: true }];
    expect(driven(three, two, { adopted, removals })).toContain('(c has ended)');
  });
});

describe('failures', () => {
  test('a member without a process is down, when all had the time to register', () => {
    const two = nodes.slice(0, 2);
    expect(driven(three, two)).toBe('6: a serving, b serving, c down (c has ended)');
    expect(driven(three, two, { isSettled: false })).toBeUndefined();
  });
  test('the last member that answers goes down only if its process is known to have ended', () => {
    const one = topologyOf(5, member('a'), member('b', 'joining'), member('c', 'down'));
    const others = [registered('b', 5), registered('d', 5)];
    expect(driven(one, others)).toBeUndefined();
    const again = [...others, registered('a', 0, { incarnation: 2 })];
    expect(driven(one, again)).toContain('(a has ended)');
    const removals = [{ name: 'a', incarnation: 1, by: 0, hasEnded: true }];
    expect(driven(one, others, { removals })).toContain('(a has ended)');
    const alive = removals.map((removal) => ({ ...removal, hasEnded: false }));
    expect(driven(one, others, { removals: alive })).toBeUndefined();
    const complaint = [registered('a', 4), registered('b', 5, { unreachable: ['a'] })];
    expect(driven(one, complaint)).toBeUndefined();
  });
  test('a member is down only if so many are registered that the rest is no majority', () => {
    expect(driven(three, nodes.slice(0, 1))).toBeUndefined();
    const again = [nodes[0]!, registered('b', 0, { incarnation: 2 })];
    expect(driven(three, again)).toContain('(b has ended)');
    const five = topologyOf(5, ...['a', 'b', 'c', 'd', 'e'].map((name) => member(name)));
    expect(driven(five, nodes)).toContain('(d has ended)');
    expect(driven(five, nodes.slice(1))).toBeUndefined();
  });
  test('a member that may follow an older topology needs the majority of that one', () => {
    const before = topologyOf(5, member('a'), member('b'), member('c'));
    const now = topologyOf(6, member('a'), member('b'), member('c', 'down'));
    const topologies = new Map([before, now].map((each) => [each.version, each]));
    const a = [registered('a', 6)];
    const adopted = new Map<string, number>();
    expect(driven(now, a, { topologies, adopted: new Map([['b#1', 5]]) })).toBeUndefined();
    expect(driven(now, a, { topologies, adopted: new Map([['b#1', 6]]) })).toContain('b has ended');
    // A process that is known to have ended promises nothing.
    const again = [...a, registered('c', 0, { incarnation: 2 })];
    expect(driven(now, again, { topologies, adopted: new Map([['b#1', 5]]) })).toContain('b has');
    // Older topologies are missing: it may follow one of them.
    expect(driven(now, again, { topologies, adopted })).not.toContain('b has');
  });
  test('a process at another address is no proof that the one before has ended', () => {
    const moved = registered('b', 0, { incarnation: 2 });
    const elsewhere = { ...moved, member: { ...moved.member, address: '10.0.9.9:11211' } };
    expect(driven(three, [nodes[0]!, elsewhere])).toBeUndefined();
    expect(driven(three, [nodes[0]!, moved])).toContain('(b has ended)');
  });
  test('with reads at copies one member that is registered is enough', () => {
    expect(driven(three, nodes.slice(0, 1), { votes: new Votes({ readsCopies: true }) })).toContain(
      '(b has ended)',
    );
  });
  test('a member whose name has another process is down, and then filled', () => {
    const again = [nodes[0]!, nodes[1]!, registered('c', 0, { incarnation: 2 })];
    expect(driven(three, again)).toBe('6: a serving, b serving, c down (c has ended)');
    const down = topologyOf(6, member('a'), member('b'), member('c', 'down'));
    const reason = 'c has restarted and gets its items';
    expect(driven(down, again)).toBe(`7: a serving, b serving, c filling (${reason})`);
  });
  test('the present process of a member that is down does not bring it back', () => {
    const down = topologyOf(5, member('a'), member('b'), member('c', 'down'));
    expect(driven(down, nodes)).toBeUndefined();
  });
  test('nothing follows while a process that has a newer topology may register', () => {
    const two = topologyOf(5, member('a'), member('b'));
    expect(driven(two, nodes.slice(0, 2).concat(registered('c', 0)))).toContain('(c joins)');
    const early = [registered('a', 5), registered('c', 0)];
    expect(driven(two, early, { isSettled: false })).toBeUndefined();
  });
});

describe('proxies', () => {
  const asProxy = (name: string, version: number, more = {}): RegisteredNode => {
    const node = registered(name, version, more);
    return { ...node, member: { ...node.member, weight: 0 } };
  };
  const withProxy = topologyOf(5, member('a'), member('b'), { ...member('p'), weight: 0 });
  const two = nodes.slice(0, 2);
  test('a proxy joins while a node joins, and moves nothing', () => {
    const joining = topologyOf(5, member('a'), member('b', 'joining'));
    const waiting = [registered('a', 4), registered('b', 4), asProxy('p', 0)];
    expect(driven(joining, waiting)).toBe('6: a serving, b joining, p serving (p joins)');
  });
  test('a proxy without a process leaves, and its next process joins', () => {
    expect(driven(withProxy, two)).toBe('6: a serving, b serving (p has ended)');
    const again = asProxy('p', 0, { incarnation: 2 });
    expect(driven(withProxy, [...two, again])).toContain('(p has ended)');
    expect(driven(topologyOf(6, member('a'), member('b')), [...two, again])).toContain('(p joins)');
  });
  test('a complaint of a proxy accuses nobody', () => {
    expect(driven(withProxy, [...two, asProxy('p', 5, { unreachable: ['a'] })])).toBeUndefined();
  });
  test('a node whose next process is a proxy leaves the ring', () => {
    const down = topologyOf(6, member('a'), member('b'), member('c', 'down'));
    const again = asProxy('c', 0, { incarnation: 2 });
    expect(driven(down, [...two, again])).toBe(
      '7: a serving, b serving, c gone (c leaves: it is a proxy now)',
    );
  });
});

describe('processes that were members', () => {
  test('a process that was a member once does not join again', () => {
    const two = topologyOf(5, member('a'), member('b'));
    expect(driven(two, [...nodes.slice(0, 2), registered('c', 4)])).toBeUndefined();
    expect(driven(two, [...nodes.slice(0, 2), registered('c', 0)])).toContain('(c joins)');
  });
});

describe('changes of the ring', () => {
  const joining = topologyOf(5, member('a'), member('b', 'joining'));
  test('a registered process that is no member joins, one at a time', () => {
    const two = topologyOf(5, member('a'), member('b'));
    const four = [nodes[0]!, nodes[1]!, registered('c', 0), registered('d', 0)];
    expect(driven(two, four)).toBe('6: a serving, b serving, c joining (c joins)');
    expect(
      driven(joining, [registered('a', 4), registered('b', 4), registered('c', 0)]),
    ).toBeUndefined();
  });
  test('a change ends when all members have done their part', () => {
    expect(driven(joining, nodes.slice(0, 2))).toBe(
      '6: a serving, b serving (b has all its items)',
    );
  });
  test('a process that an operator has removed leaves, and does not join again', () => {
    const removals = [{ name: 'c', incarnation: 1, by: 0, hasEnded: false }];
    const leaving = '6: a serving, b serving, c leaving (c leaves)';
    expect(driven(three, nodes, { removals })).toBe(leaving);
    const two = topologyOf(5, member('a'), member('b'));
    expect(driven(two, nodes, { removals })).toBeUndefined();
    const again = [nodes[0]!, nodes[1]!, registered('c', 0, { incarnation: 2 })];
    expect(driven(two, again, { removals })).toContain('c joins');
  });
  test('a removal waits while it would break a rule', () => {
    const two = topologyOf(5, member('a'), member('b'));
    const removals = [{ name: 'b', incarnation: 1, by: 0, hasEnded: false }];
    expect(driven(two, nodes.slice(0, 2), { removals })).toBeUndefined();
  });
});

describe('orders of operators', () => {
  const restart = { name: 'c', incarnation: 1, memoryLimitBytes: 0, isByService: false };
  const four = topologyOf(5, member('a'), member('b'), member('c'), member('d'));
  const all = [...nodes, registered('d', 5)];
  test('a node that restarts leaves first, if enough others can hold its keys', () => {
    const states = '6: a serving, b serving, c leaving, d serving (c leaves to restart)';
    expect(driven(four, all, { restarts: [restart] })).toBe(states);
    expect(driven(four, all, { restarts: [{ ...restart, incarnation: 2 }] })).toBeUndefined();
    const leaving = topologyOf(5, member('a'), member('b'), member('c', 'leaving'), member('d'));
    const begun = [registered('a', 4), registered('b', 4), registered('c', 4), registered('d', 4)];
    expect(driven(leaving, begun, { restarts: [restart] })).toBeUndefined();
  });
  test('a node whose keys the others hold ends by itself: the topology stays', () => {
    const two = topologyOf(5, member('a'), member('c'));
    expect(driven(two, [nodes[0]!, nodes[2]!], { restarts: [restart] })).toBeUndefined();
  });
  test('the next node that joins replaces the ordered one, and its removal has the reason', () => {
    const replacements = [{ name: 'b', incarnation: 1 }];
    const joiner = registered('e', 0, { incarnation: 7 });
    const facts = { ...factsOf(three), isSettled: true };
    const step = drive({ ...facts, replacements, nodes: [...nodes, joiner] })!;
    expect(step.reason).toBe('e replaces b');
    expect(step.topology.members.map(({ state }) => state)).toEqual([
      'serving',
      'leaving',
      'serving',
      'joining',
    ]);
    expect(step.removal).toEqual({ name: 'b', incarnation: 1, by: 7, hasEnded: false });
    expect(step.order).toEqual({ kind: 'replacement', name: 'b' });
  });
  test('a removal by a replacement takes no member away when the new node has ended', () => {
    const removals = [{ name: 'c', incarnation: 1, by: 7, hasEnded: false }];
    expect(driven(three, nodes, { removals })).toBeUndefined();
  });
  test('a node joins as one more if an earlier process was to be replaced', () => {
    const replacements = [{ name: 'b', incarnation: 9 }];
    expect(driven(three, [...nodes, registered('e', 0)], { replacements })).toContain('(e joins)');
  });
});
