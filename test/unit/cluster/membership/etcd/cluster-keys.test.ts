import { expect, test } from 'vitest';
import {
  clusterKeys,
  clusterNameIn,
  encodeChange,
  encodeNode,
  readClusterState,
} from '../../../../../src/cluster/membership/etcd/cluster-keys.ts';
import { encodeOrder } from '../../../../../src/cluster/membership/etcd/orders.ts';
import { encodeTopology } from '../../../../../src/topology/index.ts';
import { member, registered, topologyOf } from './cluster-facts.ts';

const KEYS = clusterKeys('web');

/** Reads a state of these keys; each has the revision of its place. */
const read = (values: Readonly<Record<string, string>>) =>
  readClusterState(
    KEYS,
    new Map(
      Object.entries(values).map(([key, value], nth) => [
        key,
        { key, value, created: 1, modified: nth + 1, lease: '0' },
      ]),
    ),
  );

test('a state has the topologies, processes, orders, changes and the driver', () => {
  const [old, newest] = [topologyOf(9, member('a')), topologyOf(10, member('a'), member('b'))];
  const facts = { items: 3, bytes: 400, memoryLimitBytes: 1000 };
  const a = { ...registered('a', 9, { unreachable: ['b'] }), facts };
  const ended = { ...registered('b', 9, { incarnation: 4 }), hasEnded: true };
  const removal = { name: 'b', incarnation: 4, by: 0, hasEnded: true };
  const restart = { name: 'a', incarnation: 1, memoryLimitBytes: 1024, isByService: true };
  const replacement = { name: 'a', incarnation: 1 };
  const change = { version: 10, reason: 'b joins', by: 'a', atMs: 17 };
  const state = read({
    [KEYS.topology(10)]: encodeTopology(newest),
    [KEYS.topology(9)]: encodeTopology(old),
    [KEYS.node('a')]: encodeNode(a),
    [KEYS.node('b')]: encodeNode(ended),
    [KEYS.removal('b')]: encodeOrder(removal),
    [KEYS.restart('a')]: encodeOrder(restart),
    [KEYS.replacement('a')]: encodeOrder(replacement),
    [KEYS.change(10)]: encodeChange(change),
    [KEYS.driver]: 'a',
    [KEYS.secret]: 'abc',
  });
  expect(state.newest).toEqual(newest);
  expect([...state.topologies.keys()].sort((a, b) => a - b)).toEqual([9, 10]);
  expect(state.nodes).toEqual([a]);
  expect(state.ended).toEqual([{ name: 'b', incarnation: 4, modified: 4 }]);
  expect(state.removals).toEqual([removal]);
  expect([state.restarts, state.replacements]).toEqual([[restart], [replacement]]);
  expect(state.orderRevisions.get(KEYS.restart('a'))).toBe(6);
  expect(state.changes).toEqual([change]);
  expect(state.driver?.value).toBe('a');
  expect(state.malformed).toEqual([]);
});

test('keys that no slabring has written have no effect, and are named', () => {
  const node = encodeNode(registered('a', 1));
  const state = read({
    [KEYS.topology(1)]: '{"format":1}',
    [KEYS.node('a')]: node.replace('"adopted":1', '"adopted":-1'),
    [KEYS.node('b')]: 'no JSON',
    [KEYS.node('c')]: node.replace('"unreachable":[]', '"unreachable":7'),
    [KEYS.removal('a')]: '7',
  });
  expect([state.newest, state.nodes, state.removals]).toEqual([undefined, [], []]);
  expect(state.malformed).toHaveLength(5);
  expect(state.malformed[1]).toMatch(/^The key \/slabring\/web\/nodes\/a in etcd is not valid: /);
});

test('a key names its cluster', () => {
  expect(clusterNameIn(KEYS.node('a'))).toBe('web');
  expect(clusterNameIn(KEYS.driver)).toBe('web');
});
