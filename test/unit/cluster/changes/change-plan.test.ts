import { describe, expect, test } from 'vitest';
import { planChanges, restartWay } from '../../../../src/cluster/changes/change-plan.ts';
import type { NodeFacts } from '../../../../src/cluster/node-messages.ts';
import type { ClusterTopology } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const NEWCOMER = { name: 'web-9', address: '10.0.0.9:11211' };
const FACTS: NodeFacts = { items: 30_000, bytes: 3_000_000, memoryLimitBytes: 64 << 20 };

const factsFor = ({ members }: ClusterTopology) =>
  new Map(members.map(({ name }) => [name, FACTS] as const));

const plan = (topology: ClusterTopology, request: Parameters<typeof planChanges>[2]) =>
  planChanges(topology, factsFor(topology), request, NEWCOMER);

describe('the plan of a change', () => {
  test('a fourth node gets about a quarter of all keys', () => {
    const [change] = plan(topologyWith(3, { replicas: 1 }), { action: 'add', node: undefined });
    expect(change).toMatchObject({ node: 'web-9', action: 'add' });
    expect(change!.keys / 90_000).toBeCloseTo(0.25, 1);
    expect(change!.bytes / change!.keys).toBeCloseTo(100);
  });
  test('a node that leaves gives away about what it has, and a restart moves that twice', () => {
    const topology = topologyWith(3, { replicas: 1 });
    const [leave] = plan(topology, { action: 'remove', node: 'web-2' });
    expect(leave!.keys / 30_000).toBeCloseTo(1, 0);
    const [restart] = plan(topology, { action: 'restart', node: 'web-2' });
    expect(restart!.keys).toBe(2 * leave!.keys);
    expect(restart!.seconds).toBeGreaterThan(leave!.seconds);
  });
  test('a restart of all nodes is one change for each node, in their order', () => {
    const changes = plan(topologyWith(3), { action: 'restart', node: undefined });
    expect(changes.map(({ node }) => node)).toEqual(['web-1', 'web-2', 'web-3']);
  });
  test.each([
    ['remove', 'web-7', /has no node web-7/],
    ['remove', 'web-1', /add a node first/],
    ['replace', 'web-7', /has no node web-7/],
    ['restart', 'web-7', /has no node web-7/],
  ] as const)('a rule refuses to %s %s', (action, node, message) => {
    expect(() => plan(topologyWith(2), { action, node })).toThrow(message);
  });
  test('a second change is refused while a node joins', () => {
    const topology = topologyWith([
      memberWith(1),
      memberWith(2),
      memberWith(3, { state: 'joining' }),
    ]);
    for (const action of ['add', 'remove', 'replace', 'restart'] as const) {
      const node = action === 'add' ? undefined : 'web-1';
      expect(() => plan({ ...topology, replicas: 1 }, { action, node })).toThrow(/is joining/);
    }
  });
});

describe('the way of a restart', () => {
  test('a node leaves and joins if the others can hold all copies', () => {
    expect(restartWay(topologyWith(3), 'web-1')).toBe('leave and join');
    expect(restartWay(topologyWith(2, { replicas: 1 }), 'web-1')).toBe('leave and join');
  });
  test('a node is filled again by the other holders if they are too few for all copies', () => {
    expect(restartWay(topologyWith(2), 'web-1')).toBe('be filled by the other holders');
  });
  test('while a node is down, others may lack keys, so none of them ends', () => {
    const down = topologyWith([memberWith(1), memberWith(2), memberWith(3, { state: 'down' })]);
    expect(() => restartWay(down, 'web-1')).toThrow(/web-3 is down, so web-1 may be the only/);
    const four = { ...down, members: [...down.members, memberWith(4)] };
    expect(restartWay(four, 'web-1')).toBe('leave and join');
  });
  test('the only node, and one whose other holder is being filled, cannot restart so', () => {
    expect(() => restartWay(topologyWith(1), 'web-1')).toThrow(/slabring restart/);
    const filling = topologyWith([memberWith(1), memberWith(2, { state: 'filling' })]);
    expect(() => restartWay(filling, 'web-1')).toThrow(/web-1 is the only node that serves/);
  });
});
