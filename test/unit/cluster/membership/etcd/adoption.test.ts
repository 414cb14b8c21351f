import { describe, expect, test } from 'vitest';
import { adoptionOf } from '../../../../../src/cluster/membership/etcd/adoption.ts';
import type { Removal, Restart } from '../../../../../src/cluster/membership/etcd/orders.ts';
import type { ClusterTopology } from '../../../../../src/topology/index.ts';
import { member, topologyOf } from './cluster-facts.ts';

const SELF = { name: 'a', incarnation: 1 };
const plain = (version: number) => topologyOf(version, member('a'), member('b'));

/** What node a does when etcd has these topologies: versions, and the reason of a renewal. */
function decided(
  known: readonly ClusterTopology[],
  stored: readonly ClusterTopology[],
  removals: readonly Removal[] = [],
  restarts: readonly Restart[] = [],
) {
  const topologies = new Map(stored.map((topology) => [topology.version, topology]));
  const newest = stored.at(-1);
  const state = { topologies, newest, removals, restarts };
  const { adopt, restore, renewal, restart } = adoptionOf(known, state, SELF);
  const versions = (list: readonly ClusterTopology[]) => list.map(({ version }) => version);
  return {
    adopt: versions(adopt),
    restore: versions(restore),
    renewal,
    ...(restart && { restart: true }),
  };
}

const nothing = { adopt: [], restore: [], renewal: undefined };

describe('the adoption of topologies', () => {
  test('a node begins with the newest topology that has its process', () => {
    expect(decided([], [plain(3), plain(4)])).toEqual({ ...nothing, adopt: [4] });
    const earlier = topologyOf(4, member('a', 'serving', 9), member('b'));
    expect(decided([], [earlier])).toEqual(nothing);
    expect(decided([], [topologyOf(4, member('b'))])).toEqual(nothing);
    expect(decided([], [])).toEqual(nothing);
  });
  test('a node adopts every version in its order', () => {
    const stored = [plain(4), plain(5), plain(6), plain(7)];
    expect(decided([plain(4), plain(5)], stored)).toEqual({ ...nothing, adopt: [6, 7] });
    expect(decided([plain(7)], stored)).toEqual(nothing);
  });
  test('a node begins again when etcd lacks a version that it has not adopted', () => {
    expect(decided([plain(4)], [plain(6)]).renewal).toBe('etcd no longer has the topology 5');
  });
  test('a node writes topologies again that etcd has lost', () => {
    const known = [plain(4), plain(5), plain(6)];
    expect(decided(known, [plain(3), plain(4)])).toEqual({ ...nothing, restore: [5, 6] });
    expect(decided(known, [])).toEqual({ ...nothing, restore: [4, 5, 6] });
  });
  test('a node begins again when etcd has another topology of the same version', () => {
    const other = topologyOf(5, member('a'));
    const reason = 'etcd has another topology of version 5 than this node';
    expect(decided([plain(4), plain(5)], [other]).renewal).toBe(reason);
    expect(decided([plain(5), plain(6)], [other, plain(6), plain(7)]).renewal).toBe(reason);
  });
  test('a node begins again when it is down, or another process has its name', () => {
    const down = topologyOf(5, member('a', 'down'), member('b'));
    const decision = decided([plain(4)], [down]);
    expect(decision.adopt).toEqual([5]);
    expect(decision.renewal).toContain('went on without a');
    const other = topologyOf(5, member('a', 'filling', 2), member('b'));
    expect(decided([plain(4)], [other]).renewal).toBe('another process is a now');
  });
  test('a node that an operator has removed goes on, another one begins again', () => {
    const left = topologyOf(5, member('b'));
    expect(decided([plain(4)], [left], [{ ...SELF, by: 0, hasEnded: false }])).toEqual({
      ...nothing,
      adopt: [5],
    });
    expect(decided([plain(4)], [left]).renewal).toContain('went on without a');
  });
  test('a node that restarts ends when it has left, or when the others hold its keys', () => {
    const restart = { name: 'a', incarnation: 1, memoryLimitBytes: 0, isByService: false };
    const three = topologyOf(4, member('a'), member('b'), member('c'));
    expect(decided([three], [three], [], [restart])).toEqual(nothing);
    const left = topologyOf(5, member('b'), member('c'));
    const due = { ...nothing, restart: true };
    expect(decided([three], [three, left], [], [restart])).toEqual({ ...due, adopt: [5] });
    expect(decided([plain(4)], [plain(4)], [], [restart])).toEqual(due);
    const filled = topologyOf(4, member('a'), member('b', 'filling'));
    expect(decided([filled], [filled], [], [restart])).toEqual(nothing);
    const died = topologyOf(4, member('a'), member('b'), member('c', 'down'));
    expect(decided([died], [died], [], [restart])).toEqual(nothing);
    expect(decided([plain(4)], [plain(4)], [], [{ ...restart, incarnation: 2 }])).toEqual(nothing);
  });
});
