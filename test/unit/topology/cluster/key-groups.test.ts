import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  answers,
  type ClusterTopology,
  type Member,
  STATE_RULES,
} from '../../../../src/topology/cluster/cluster-topology.ts';
import type { Arc, Group } from '../../../../src/topology/cluster/group-table.ts';
import { KeyGroups, keepersOf } from '../../../../src/topology/cluster/key-groups.ts';
import { readNodes } from '../../../../src/topology/index.ts';
import { KetamaRing } from '../../../../src/topology/ring/ketama.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { Random, testSeed } from '../../../support/random.ts';

const seed = testSeed();
const groupOf = (groups: KeyGroups, key: string): Group => {
  const bytes = Buffer.from(`get ${key}\r\n`);
  return groups.groupOf(bytes, 4, bytes.length - 2);
};
const randomKeys = (random: Random, count: number): readonly string[] =>
  Array.from({ length: count }, () =>
    random
      .int(0, 2 ** 31)
      .toString(36)
      .repeat(random.int(1, 9)),
  );

/** The primaries that stock clients with this list of members pick. */
function stockOwner(members: readonly Member[]): (key: string) => string {
  const ring = new KetamaRing(
    readNodes(
      members.map(({ address, weight }) => {
        const [host, port] = address.split(':');
        return { host: host!, port: Number(port), weight };
      }),
    ),
  );
  return (key) => members[ring.ownerOf(key)]!.name;
}

function expectPlacement(topology: ClusterTopology, members: readonly Member[]): void {
  const groups = new KeyGroups(topology);
  const owner = stockOwner(members);
  for (const key of randomKeys(new Random(seed), 300)) {
    expect(topology.members[groupOf(groups, key).primary]?.name, key).toBe(owner(key));
  }
}

interface Golden {
  readonly ketama_weighted: readonly {
    readonly name: string;
    readonly servers: readonly { host: string; port: number; weight: number }[];
    readonly map: Readonly<Record<string, number>>;
  }[];
}
const file = new URL('../golden/ketama.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

test('a thread reads the groups that another one has computed', () => {
  const topology = topologyWith(7, { replicas: 2 });
  const [computed, read] = [new KeyGroups(topology), new KeyGroups(topology)];
  const clone = new KeyGroups(topology, structuredClone(computed.shared));
  expect(clone.groups).toEqual(read.groups);
  expect(clone.arcs).toEqual(read.arcs);
  expect(clone.shared.table.buffer).toBeInstanceOf(SharedArrayBuffer);
  const random = new Random(seed);
  for (let nth = 0; nth < 1000; nth++) {
    const key = random.bytes(random.int(1, 60));
    expect(clone.groupOf(key, 0, key.length)).toEqual(read.groupOf(key, 0, key.length));
  }
  expect(clone.some((primary, receivers) => primary === 6 && receivers === 1)).toBe(true);
  expect(clone.some((primary) => primary === 7)).toBe(false);
});

describe('the primary of a key is the node of libmemcached 1.1.4', () => {
  for (const { name, servers, map } of golden.ketama_weighted) {
    test(`${name}: ${Object.keys(map).length} recorded keys`, () => {
      const members = servers.map(({ host, port, weight }, nth) =>
        memberWith(nth, { address: `${host}:${port}`, weight }),
      );
      const groups = new KeyGroups(topologyWith(members));
      const placed = Object.keys(map).map((key) => [key, groupOf(groups, key).primary]);
      expect(Object.fromEntries(placed)).toEqual(map);
    });
  }
});

describe(`the primary of a key is the node of a stock client (seed ${seed})`, () => {
  test('members at rest place keys so, with any weights, zones and number of members', () => {
    const random = new Random(seed);
    for (const count of [1, 2, 3, 5, 8, 24, 25]) {
      const members = Array.from({ length: count }, (_, nth) =>
        memberWith(nth, { weight: random.int(1, 5), zone: random.pick(['', 'a', 'b', 'c']) }),
      );
      expectPlacement(topologyWith(members, { replicas: random.int(1, 3) }), members);
    }
  });
  test('equal members without zones place keys so while they join, leave and fail', () => {
    const states = ['serving', 'joining', 'serving', 'down', 'filling', 'leaving'] as const;
    const members = states.map((state, nth) => memberWith(nth, { state }));
    expectPlacement(topologyWith(members), members.filter(answers));
  });
  test('members place keys so while one with another weight joins, and after that', () => {
    const present = [memberWith(1), memberWith(2, { weight: 3 })];
    const joiner = memberWith(3, { weight: 2 });
    expectPlacement(topologyWith([...present, { ...joiner, state: 'joining' }]), present);
    expectPlacement(topologyWith([...present, joiner]), [...present, joiner]);
  });
  test('members place keys so for a list that has the one that is down', () => {
    const members = [memberWith(1), memberWith(2, { weight: 3 }), memberWith(3, { weight: 2 })];
    const [first, , last] = members;
    const groups = new KeyGroups(
      topologyWith([first!, memberWith(2, { weight: 3, state: 'down' }), last!]),
    );
    const owner = stockOwner(members);
    for (const key of randomKeys(new Random(seed), 300)) {
      const primary = groups.topology.members[groupOf(groups, key).primary]!.name;
      if (owner(key) !== 'web-2') expect(primary, key).toBe(owner(key));
    }
  });
});

describe('the holders of a key', () => {
  test('a key has one primary, and the number of holders that the topology says', () => {
    const { groups } = new KeyGroups(topologyWith(5, { replicas: 3 }));
    expect(groups.length).toBe(60);
    for (const { primary, holders, receivers } of groups) {
      expect(holders).toEqual([primary, ...receivers]);
      expect(new Set(holders).size).toBe(3);
    }
  });
  test('fewer members than holders all hold each key', () => {
    const { groups } = new KeyGroups(topologyWith(2, { replicas: 3 }));
    expect(groups.map(({ holders }) => [...holders].sort())).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });
  test('the holders are in distinct zones while there are enough', () => {
    const zones = ['a', 'a', 'a', 'b', 'b', 'c'];
    const members = zones.map((zone, nth) => memberWith(nth, { zone }));
    for (const replicas of [2, 3, 4]) {
      for (const { holders } of new KeyGroups(topologyWith(members, { replicas })).groups) {
        const held = new Set(holders.map((at) => zones[at]));
        expect(held.size).toBe(Math.min(replicas, 3));
      }
    }
  });
  test('a member without a zone is a zone of its own', () => {
    const members = ['', '', 'a', 'a'].map((zone, nth) => memberWith(nth, { zone }));
    for (const { holders } of new KeyGroups(topologyWith(members)).groups) {
      expect(holders.every((at) => at >= 2)).toBe(false);
    }
  });
  test('a member of weight 0 never holds a key', () => {
    const members = [memberWith(1), memberWith(2, { weight: 0 }), memberWith(3)];
    const groups = new KeyGroups(topologyWith(members, { replicas: 3 }));
    expect(groups.groups.flatMap(keepersOf)).not.toContain(1);
    expectPlacement(groups.topology, [members[0]!, members[2]!]);
  });
  test('a member that is down receives nothing, and another one fills its place', () => {
    const members = [memberWith(1), memberWith(2, { state: 'down' }), memberWith(3), memberWith(4)];
    for (const { holders, receivers } of new KeyGroups(topologyWith(members)).groups) {
      expect(holders.length).toBe(2);
      expect([...holders, ...receivers]).not.toContain(1);
    }
  });
});

describe('the receivers of a key', () => {
  test('a member that is filled receives, and the holders stay', () => {
    const before = new KeyGroups(topologyWith(4));
    const members = before.topology.members.map((member): Member => {
      return member.name === 'web-2' ? { ...member, state: 'filling' } : member;
    });
    const filling = new KeyGroups(topologyWith(members));
    for (const { last, group } of before.arcs) {
      const now = filling.groupAt(last);
      expect(now.holders).not.toContain(1);
      if (group.holders.includes(1)) expect(now.receivers).toContain(1);
      for (const holder of group.holders) expect(keepersOf(now)).toContain(holder);
    }
  });
  test('nobody answers if nobody serves, and those that are filled receive', () => {
    const members = [memberWith(1, { state: 'filling' }), memberWith(2, { state: 'down' })];
    const { groups } = new KeyGroups(topologyWith(members));
    expect(groups).toEqual([{ index: 0, primary: -1, receivers: [0], holders: [] }]);
  });
  test('a cluster without members has one group, in which nobody is', () => {
    const groups = new KeyGroups(topologyWith(0));
    expect(groupOf(groups, 'key')).toEqual({ index: 0, primary: -1, receivers: [], holders: [] });
  });
  test('every member of a change receives its future keys, also with weights and zones', () => {
    const random = new Random(seed);
    for (let round = 0; round < 30; round++) {
      const members = Array.from({ length: random.int(2, 7) }, (_, nth) => {
        const state = random.pick(Object.keys(STATE_RULES)) as Member['state'];
        return memberWith(nth, { state, weight: random.int(0, 3), zone: random.pick(['a', 'b']) });
      });
      expectFutureHolders(topologyWith(members, { replicas: random.int(1, 3) }));
    }
  });
});

/** After the change, only those hold a key that kept it before. */
function expectFutureHolders(topology: ClusterTopology): void {
  const now = new KeyGroups(topology);
  const members = topology.members.filter(({ state }) => state !== 'leaving' && state !== 'gone');
  const done = members.map((member): Member => {
    return { ...member, state: member.state === 'down' ? 'down' : 'serving' };
  });
  const then = new KeyGroups({ ...topology, members: done });
  for (const { last, group } of then.arcs satisfies readonly Arc[]) {
    const kept = keepersOf(now.groupAt(last)).map((at) => topology.members[at]!.name);
    for (const at of keepersOf(group)) expect(kept).toContain(done[at]!.name);
  }
}

test('a point at the border of two arcs is on the one that ends there, around the ring', () => {
  const groups = new KeyGroups(
    topologyWith(Array.from({ length: 9 }, (_, nth) => memberWith(nth))),
  );
  const { arcs } = groups;
  expect(arcs.length).toBeGreaterThan(1000);
  for (const [nth, { last, group }] of arcs.entries()) {
    const next = arcs[(nth + 1) % arcs.length]!;
    expect(groups.groupAt(last)).toBe(group);
    expect(groups.groupAt(last === 0xffff_ffff ? 0 : last + 1)).toBe(next.group);
  }
  expect(groups.groupAt(0)).toBe(arcs[0]!.group);
  expect(groups.groupAt(0xffff_ffff)).toBe(arcs[0]!.group);
});
