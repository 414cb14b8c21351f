import { describe, expect, test } from 'vitest';
import {
  LocalMembership,
  type LocalMembershipOptions,
} from '../../../../src/cluster/membership/local-membership.ts';
import {
  type ClusterTopology,
  memberOf,
  withChangeGivenUp,
  withLeaving,
} from '../../../../src/topology/index.ts';
import { TestMember } from '../../../support/test-member.ts';

function clusterOf(count: number, more: Partial<LocalMembershipOptions> = {}, restored = false) {
  const saved: ClusterTopology[] = [];
  const membership = new LocalMembership({
    cluster: 'web',
    replicas: 1,
    replication: 'sync',
    publishes: true,
    kept: undefined,
    expected: [],
    versionMin: 100,
    save: (topology) => void saved.push(topology),
    onChange: () => {},
    ...more,
  });
  const nodes = Array.from({ length: count }, (_, at) => new TestMember(membership, at + 1));
  for (const node of nodes) node.start(restored);
  membership.begin(() => nodes);
  const states = () => membership.keeper!.topology.members.map(({ state }) => state);
  return { membership, nodes, saved, states, at: (nth: number) => nodes[nth - 1]! };
}

/** Lets the reports of all nodes arrive. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the membership of one machine', () => {
  test('all nodes of a new cluster serve, under a version that the caller chooses', () => {
    const { states, saved, at } = clusterOf(3);
    expect(states()).toEqual(['serving', 'serving', 'serving']);
    expect(saved.map(({ version }) => version)).toEqual([100]);
    expect(at(2).topology).toEqual(saved[0]);
  });
  test('a node that dies is down, and its next process is filled before it serves', async () => {
    const { states, at, membership } = clusterOf(3);
    at(2).end();
    expect(states()).toEqual(['serving', 'down', 'serving']);
    at(2).isSlow = true;
    at(2).start();
    await settled();
    expect(states()).toEqual(['serving', 'filling', 'serving']);
    const { incarnation, peerAddress } = memberOf(membership.keeper!.topology, 'node-2')!;
    const { incarnation: drawn, peerPort } = at(2);
    expect([incarnation, peerAddress]).toEqual([drawn, `127.0.0.1:${peerPort}`]);
    at(2).report();
    expect(states()).toEqual(['serving', 'serving', 'serving']);
  });
  test('a node that returns with its items keeps its state and its keys', () => {
    const { states, at, membership } = clusterOf(2);
    at(1).end(true);
    expect(states()).toEqual(['serving', 'serving']);
    at(1).start(true);
    expect(states()).toEqual(['serving', 'serving']);
    expect(membership.keeper!.topology.version).toBe(101);
  });
  test('a node that was to return with its items but has none is filled', async () => {
    const { states, at } = clusterOf(2);
    at(1).isSlow = true;
    at(1).end(true);
    at(1).start(false);
    await settled();
    expect(states()).toEqual(['filling', 'serving']);
  });
  test('a node of a cluster that stops is not down', () => {
    const { states, at, membership } = clusterOf(2);
    membership.close();
    at(1).end();
    expect(states()).toEqual(['serving', 'serving']);
  });
  test('a node that restarts without items joins after it has left, not before', async () => {
    const { membership, nodes, at, states } = clusterOf(2);
    const { keeper } = membership;
    membership.expect(at(2));
    keeper!.change(
      (topology) => ({
        ...topology,
        version: topology.version + 1,
        members: topology.members.slice(0, 1),
      }),
      'node-2 has left',
    );
    await settled();
    expect(states()).toEqual(['serving']);
    at(2).end();
    at(2).start();
    expect(states()).toEqual(['serving', 'joining']);
    await settled();
    expect(states()).toEqual(['serving', 'serving']);
    expect([membership.expected, nodes.length]).toEqual([[], 2]);
  });
  test('a node that died while it leaves is filled if its leave is given up', async () => {
    const { membership, at, states } = clusterOf(3, { replicas: 2 });
    at(1).isSlow = true;
    membership.keeper!.change((topology) => withLeaving(topology, 'node-3'), 'node-3 leaves');
    at(3).end();
    at(3).start();
    await settled();
    expect(states()).toEqual(['serving', 'serving', 'gone']);
    membership.keeper!.change(withChangeGivenUp, 'node-3 stays');
    await settled();
    expect(states()).toEqual(['serving', 'serving', 'filling']);
    at(1).report();
    expect(states()).toEqual(['serving', 'serving', 'serving']);
  });
  test('a node that died while it leaves for a restart joins with the restart', async () => {
    const { membership, at, states } = clusterOf(3, { replicas: 2 });
    at(1).isSlow = true;
    membership.expect(at(3));
    membership.keeper!.change((topology) => withLeaving(topology, 'node-3'), 'node-3 leaves');
    at(3).end();
    at(3).start();
    at(1).report();
    await settled();
    expect(states()).toEqual(['serving', 'serving']);
    at(3).end();
    at(3).start();
    expect(states()).toEqual(['serving', 'serving', 'joining']);
  });
  test('a node that comes back without its items while it leaves holds none', async () => {
    const { membership, at, states } = clusterOf(3, { replicas: 2 });
    at(1).isSlow = true;
    membership.keeper!.change((topology) => withLeaving(topology, 'node-3'), 'node-3 leaves');
    at(3).end(true);
    at(3).start(false);
    await settled();
    expect(states()).toEqual(['serving', 'serving', 'gone']);
    at(1).report();
    expect(states()).toEqual(['serving', 'serving']);
  });
  test('a node that cannot join because of another change joins after it', async () => {
    const { membership, nodes, at, states } = clusterOf(2);
    const [third, fourth] = [new TestMember(membership, 3), new TestMember(membership, 4)];
    nodes.push(third, fourth);
    third.start();
    third.isSlow = true;
    membership.join(third);
    membership.expect(fourth);
    fourth.start();
    await settled();
    expect(states()).toEqual(['serving', 'serving', 'joining']);
    third.isSlow = false;
    third.report();
    await settled();
    expect(states()).toEqual(['serving', 'serving', 'serving', 'serving']);
    expect(at(4).topology?.members).toHaveLength(4);
  });
});

describe('a member that another one cannot reach', () => {
  test('one process is replaced, also if two nodes miss each other', () => {
    const { at } = clusterOf(3, { replicas: 2 });
    at(1).report('node-2');
    at(2).report('node-1');
    at(1).report('node-2');
    expect([at(1).kills, at(2).kills]).toEqual([0, 1]);
    at(2).end();
    at(2).start();
    at(1).report('node-2');
    expect(at(2).kills).toBe(2);
  });
  test('a node that may alone hold keys while another one is filled lives until then', async () => {
    const { at, states } = clusterOf(3, { replicas: 2 });
    at(2).end();
    at(3).report('node-1');
    at(2).isSlow = true;
    at(2).start();
    await settled();
    at(3).report('node-1');
    expect([states(), at(1).kills]).toEqual([['serving', 'filling', 'serving'], 0]);
    at(3).report();
    at(2).report();
    at(3).report('node-1');
    expect([states(), at(1).kills]).toEqual([['serving', 'serving', 'serving'], 1]);
  });
  test('with three copies, a second node gets a new process while the first is filled', () => {
    const { at } = clusterOf(4, { replicas: 3 });
    at(2).end();
    at(3).report('node-1');
    expect(at(1).kills).toBe(1);
  });
  test('a node that alone holds its keys lives, and the change is given up', () => {
    const { at, states, membership } = clusterOf(3);
    membership.keeper!.change((topology) => withLeaving(topology, 'node-3'), 'node-3 leaves');
    at(3).report('node-1');
    expect(states()).toEqual(['serving', 'serving', 'serving']);
    expect(at(1).kills).toBe(0);
  });
  test('a member that joins gets another process', () => {
    const { at, nodes, membership } = clusterOf(2);
    const third = new TestMember(membership, 3);
    nodes.push(third);
    third.start();
    membership.join(third);
    at(1).report('node-3');
    expect(third.kills).toBe(1);
  });
});

describe('a cluster that starts again', () => {
  const stopped = (replicas: number) => {
    const { membership } = clusterOf(3, { replicas });
    return membership.keeper!.topology;
  };
  test('the version is above that of the stopped cluster', () => {
    const kept = stopped(1);
    const { membership } = clusterOf(3, { kept, versionMin: 1 }, true);
    expect(membership.keeper!.topology.version).toBe(kept.version + 1);
  });
  test('with one copy every member that served serves, with its items or without', () => {
    expect(clusterOf(3, { kept: stopped(1) }).states()).toEqual(['serving', 'serving', 'serving']);
  });
  test('a member that had not got all its items is filled', () => {
    const before = stopped(1);
    const members = before.members.map((member, at) =>
      at === 1 ? { ...member, state: 'filling' as const } : member,
    );
    const { states } = clusterOf(3, { kept: { ...before, members } }, true);
    expect(states()).toEqual(['serving', 'filling', 'serving']);
  });
  test('a member that had given its items away goes on leaving, without weight', () => {
    const before = stopped(2);
    const members = before.members.map((member, at) =>
      at === 1 ? { ...member, state: 'leaving' as const, weight: 0 } : member,
    );
    const { membership } = clusterOf(3, { kept: { ...before, members }, replicas: 2 }, true);
    expect(membership.keeper!.topology.members[1]).toMatchObject({ state: 'leaving', weight: 0 });
  });
  test('with several copies a member without its items is filled by the others', () => {
    const kept = stopped(2);
    const membership = new LocalMembership({
      cluster: 'web',
      replicas: 2,
      replication: 'sync',
      publishes: true,
      kept,
      expected: [],
      versionMin: 1,
      save: () => {},
      onChange: () => {},
    });
    const nodes = [1, 2, 3].map((nth) => new TestMember(membership, nth));
    for (const [at, node] of nodes.entries()) node.start(at !== 2);
    membership.begin(() => nodes);
    const { members } = membership.keeper!.topology;
    expect(members.map(({ state }) => state)).toEqual(['serving', 'serving', 'filling']);
  });
  test('if no member has items, all of them serve', () => {
    expect(clusterOf(3, { kept: stopped(2), replicas: 2 }).states()).toEqual([
      'serving',
      'serving',
      'serving',
    ]);
  });
  test('a node that was to join is a member again', () => {
    const kept = stopped(1);
    const two = { ...kept, members: kept.members.slice(0, 2) };
    const { states, membership } = clusterOf(3, { kept: two, expected: ['node-3'] }, true);
    expect(states()).toEqual(['serving', 'serving', 'joining']);
    expect(membership.expected).toEqual([]);
  });
});
