import { describe, expect, test } from 'vitest';
import {
  type TopologyChange,
  TopologyKeeper,
} from '../../../../src/cluster/membership/topology-keeper.ts';
import type { MemberReport } from '../../../../src/cluster/node/main-cluster.ts';
import { type ClusterTopology, withDown, withLeaving } from '../../../../src/topology/index.ts';
import { topologyWith } from '../../../support/cluster-topologies.ts';
import { NOTHING_MOVED } from '../../../support/nothing-moved.ts';

function keeperOf(first: ClusterTopology) {
  const log: string[] = [];
  const keeper = new TopologyKeeper(first, 'it starts', {
    save: ({ version }) => void log.push(`save ${version}`),
    publish: ({ topology: { version } }) => void log.push(`publish ${version}`),
    onChange: ({ reason }) => void log.push(reason),
  });
  return { keeper, log };
}

/** A report of a member that has done all that a version asks for. */
function done(keeper: TopologyKeeper, name: string, version: number): MemberReport {
  const { incarnation } = keeper.topology.members.find((member) => member.name === name)!;
  const at = { adopted: version, complete: version, clean: version };
  return { name, incarnation, ...at, ...NOTHING_MOVED, unreachable: [] };
}

describe('the keeper of a topology', () => {
  test('the keeper saves a topology before it publishes it', () => {
    const { keeper, log } = keeperOf(topologyWith(3));
    keeper.change((topology) => withLeaving(topology, 'web-2'), 'web-2 leaves');
    expect(log).toEqual([
      ...['save 1', 'it starts', 'publish 1'],
      ...['save 2', 'web-2 leaves', 'publish 2'],
    ]);
  });
  test('each change says why, who decided it and when', () => {
    const changes: TopologyChange[] = [];
    const keeper = new TopologyKeeper(topologyWith(3), 'it starts', {
      save: () => {},
      publish: (change) => void changes.push(change),
      onChange: () => {},
    });
    keeper.change((topology) => withLeaving(topology, 'web-2'), 'web-2 leaves', 'operator');
    for (const name of ['web-1', 'web-2', 'web-3']) keeper.take(done(keeper, name, 2));
    const told = changes.map(({ reason, by }) => `${by}: ${reason}`);
    expect(told).toEqual([
      'supervisor: it starts',
      'operator: web-2 leaves',
      'supervisor: web-2 has given its items to the others',
    ]);
    for (const { atMs } of changes) expect(atMs).toBeGreaterThan(1.7e12);
  });
  test('the keeper removes a member that leaves when the last member has reported', () => {
    const { keeper, log } = keeperOf(topologyWith(3));
    keeper.change((topology) => withLeaving(topology, 'web-2'), 'web-2 leaves');
    for (const name of ['web-1', 'web-2']) keeper.take(done(keeper, name, 2));
    expect(keeper.topology.version).toBe(2);
    expect(keeper.waitsFor).toEqual(['web-3 has not reported']);
    keeper.take(done(keeper, 'web-3', 2));
    expect(keeper.topology.members.find(({ name }) => name === 'web-2')?.weight).toBe(0);
    for (const name of ['web-1', 'web-2', 'web-3']) keeper.take(done(keeper, name, 3));
    expect(keeper.topology.members.map(({ name }) => name)).toEqual(['web-1', 'web-3']);
    expect(log.slice(-6)).toEqual([
      ...['save 3', 'web-2 has given its items to the others', 'publish 3'],
      ...['save 4', 'web-2 has left', 'publish 4'],
    ]);
    expect(keeper.waitsFor).toEqual([]);
  });
  test('the keeper ignores the report of an earlier incarnation', () => {
    const { keeper } = keeperOf(topologyWith(3));
    keeper.take({ ...done(keeper, 'web-1', 1), incarnation: 7 });
    expect(keeper.reportOf('web-1')).toBeUndefined();
  });
  test('the keeper changes nothing if the transition refuses', () => {
    const { keeper, log } = keeperOf(topologyWith(2));
    const leave = (): void => keeper.change((topology) => withLeaving(topology, 'web-1'), 'leave');
    expect(leave).toThrow(/add a node first/);
    expect(log).toHaveLength(3);
  });
  test('a waiter learns of changes and of reports, and of the reason of its signal', async () => {
    const { keeper } = keeperOf(topologyWith(3));
    const { signal } = new AbortController();
    const isDown = keeper.until(() => keeper.topology.members[0]!.state === 'down', signal);
    keeper.change((topology) => withDown(topology, 'web-1', 1001), 'web-1 has ended');
    await isDown;
    const hasReport = keeper.until(() => keeper.reportOf('web-2') !== undefined, signal);
    keeper.take(done(keeper, 'web-2', 2));
    await hasReport;
    const ended = new AbortController();
    const never = keeper.until(() => false, ended.signal);
    ended.abort(new Error('stalled'));
    await expect(never).rejects.toThrow('stalled');
    await expect(keeper.until(() => true, ended.signal)).rejects.toThrow('stalled');
  });
});
