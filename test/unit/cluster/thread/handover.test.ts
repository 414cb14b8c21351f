import { describe, expect, test } from 'vitest';
import { type Adopted, adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { Handover } from '../../../../src/cluster/thread/handover.ts';
import type { ClusterTopology, Member } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';

const self = { name: 'web-1', incarnation: 1001 };
const keys = Array.from({ length: 300 }, (_, nth) => Buffer.from(`key-${nth}`));
const mark = (nth: number, version: number, complete = 0) => {
  const { name, incarnation } = memberWith(nth);
  return { name, incarnation, version, complete };
};
const topology = (version: number, ...members: Member[]): ClusterTopology =>
  topologyWith(members, { version, replicas: 1 });

/** The keys of which `web-1` is the primary. */
const ownKeys = ({ groups, self: at }: Adopted): readonly Buffer[] =>
  keys.filter((key) => groups.groupOf(key, 0, key.length).primary === at);
const undecided = (handover: Handover, of: readonly Buffer[]): number =>
  of.filter((key) => handover.isUndecided(key, 0, key.length)).length;

/** A handover of `web-1` that has adopted these topologies, and decided all but the last. */
function adopting(...topologies: readonly ClusterTopology[]): {
  readonly handover: Handover;
  readonly adopted: readonly Adopted[];
} {
  const handover = new Handover();
  const adopted = topologies.map((one) => adoptedBy(one, self));
  for (const one of adopted) {
    handover.adopt(one);
    const { version, members } = one.topology;
    const isLast = one === adopted.at(-1);
    if (isLast) continue;
    const others = members.filter(({ name }) => name !== self.name);
    handover.decide(
      version,
      others.map(({ name, incarnation }) => ({ name, incarnation, version, complete: 0 })),
    );
  }
  return { handover, adopted };
}

const joining = [memberWith(1, { state: 'joining' }), memberWith(2), memberWith(3)];
const joined = [memberWith(1), memberWith(2), memberWith(3)];

describe('the handover of keys', () => {
  test('a key that another member was primary of is undecided until its mark', () => {
    const { handover, adopted } = adopting(topology(1, ...joining), topology(2, ...joined));
    const own = ownKeys(adopted[1]!);
    expect(undecided(handover, own)).toBe(own.length);
    handover.decide(2, [mark(2, 2)]);
    const ofThird = own.filter(
      (key) => adopted[0]!.groups.groupOf(key, 0, key.length).primary === 2,
    );
    expect(ofThird.length).toBeGreaterThan(0);
    expect(undecided(handover, own)).toBe(ofThird.length);
    handover.decide(2, [mark(3, 2)]);
    expect(undecided(handover, own)).toBe(0);
    expect(handover.isOver).toBe(true);
  });
  test('a member starts until all others have marked its first topology', () => {
    const { handover } = adopting(topology(1, ...joined));
    handover.decide(1, [mark(2, 1)]);
    expect(handover.isStarting).toBe(true);
    handover.decide(1, [mark(3, 1)]);
    expect(handover.isStarting).toBe(false);
    handover.adopt(adoptedBy(topology(2, ...joined, memberWith(4)), self));
    expect([handover.isOver, handover.isStarting]).toEqual([false, false]);
  });
  test('a member starts until the first topology in which it answers is decided', () => {
    const { handover, adopted } = adopting(topology(1, ...joining), topology(2, ...joined));
    expect(handover.isStarting).toBe(true);
    // Nobody had these keys before, and the member may lack the right to answer for them.
    const down = adopted[0]!.topology.members.map((member) => ({ ...member, weight: 0 }));
    const first = adopting(topology(1, ...down), topology(2, ...joined));
    expect(undecided(first.handover, ownKeys(first.adopted[1]!))).toBeGreaterThan(0);
    handover.decide(2, [mark(2, 2), mark(3, 2)]);
    expect(handover.isStarting).toBe(false);
  });
  test('a mark of the old topology decides nothing', () => {
    const { handover, adopted } = adopting(topology(1, ...joining), topology(2, ...joined));
    handover.decide(2, [mark(2, 1), mark(3, 1)]);
    const own = ownKeys(adopted[1]!);
    expect(undecided(handover, own)).toBe(own.length);
  });
  test('a mark decides nothing before all threads have adopted the topology', () => {
    const { handover, adopted } = adopting(topology(1, ...joining), topology(2, ...joined));
    handover.decide(1, [mark(2, 2), mark(3, 2)]);
    const own = ownKeys(adopted[1]!);
    expect(undecided(handover, own)).toBe(own.length);
    handover.decide(2, []);
    expect(undecided(handover, own)).toBe(0);
  });
  test('the keys of a dead member are decided without a mark once all threads know it', () => {
    const dead = memberWith(2, { state: 'down' });
    const { handover, adopted } = adopting(
      topology(1, ...joined),
      topology(2, memberWith(1), dead, memberWith(3)),
    );
    const own = ownKeys(adopted[1]!);
    const ofDead = own.length - ownKeys(adopted[0]!).length;
    expect(ofDead).toBeGreaterThan(0);
    expect(undecided(handover, own)).toBe(ofDead);
    handover.decide(2, []);
    expect(undecided(handover, own)).toBe(0);
  });
  test('a restarted member is not the one whose keys were taken over', () => {
    const restarted = memberWith(2, { state: 'filling', incarnation: 77 });
    const { handover, adopted } = adopting(
      topology(1, ...joined),
      topology(2, memberWith(1), restarted, memberWith(3)),
    );
    handover.decide(2, []);
    expect(undecided(handover, ownKeys(adopted[1]!))).toBe(0);
  });
  test('keys that stay with their primary are never undecided', () => {
    const { handover, adopted } = adopting(
      topology(1, ...joined),
      topology(2, ...joined, memberWith(4, { state: 'joining' })),
    );
    expect(undecided(handover, ownKeys(adopted[1]!))).toBe(0);
  });
  test('a member that was primary for a moment does not end the wait for the one before', () => {
    const first = topology(1, memberWith(1), memberWith(2, { state: 'joining' }), memberWith(3));
    const second = topology(2, ...joined);
    const third = topology(3, memberWith(1), memberWith(2, { state: 'down' }), memberWith(3));
    const handover = new Handover();
    const adopted = [first, second, third].map((one) => adoptedBy(one, self));
    handover.adopt(adopted[0]!);
    handover.decide(1, [mark(2, 1), mark(3, 1)]);
    handover.adopt(adopted[1]!);
    handover.decide(2, [mark(2, 2)]);
    handover.adopt(adopted[2]!);
    handover.decide(3, []);
    // web-3 may still answer by the first topology: it has sent no mark of a later one.
    const ofThird = ownKeys(adopted[2]!).filter(
      (key) => adopted[0]!.groups.groupOf(key, 0, key.length).primary === 2,
    );
    expect(undecided(handover, ofThird)).toBe(ofThird.length);
  });
  test('a member that has just started waits for the marks of all others', () => {
    const handover = new Handover();
    const adopted = adoptedBy(topology(5, ...joined), self);
    handover.adopt(adopted);
    handover.decide(5, [mark(2, 5)]);
    expect(undecided(handover, ownKeys(adopted))).toBe(ownKeys(adopted).length);
    handover.decide(5, [mark(3, 5)]);
    expect(undecided(handover, ownKeys(adopted))).toBe(0);
  });
  test.each(['joining', 'filling', 'down', 'gone'] as const)(
    'nobody waits for a member that is %s, and is then removed without a mark',
    (state) => {
      const first = topology(1, memberWith(1), memberWith(2), memberWith(3, { state }));
      const { handover } = adopting(first, topology(2, memberWith(1), memberWith(2)));
      handover.decide(2, [mark(2, 2)]);
      expect(handover.openVersions).toEqual([]);
    },
  );
  test('a member that starts while another one joins does not wait for that one', () => {
    const handover = new Handover();
    const others = [memberWith(2), memberWith(3)];
    handover.adopt(adoptedBy(topology(4, ...others, memberWith(5, { state: 'joining' })), self));
    handover.decide(4, [mark(2, 4), mark(3, 4)]);
    const adopted = adoptedBy(topology(5, memberWith(1), ...others), self);
    handover.adopt(adopted);
    handover.decide(5, [mark(2, 5), mark(3, 5)]);
    expect(undecided(handover, ownKeys(adopted))).toBe(0);
    expect(handover.isOver).toBe(true);
  });
  test('a member that has left is awaited, unless it had no weight before', () => {
    const leaving = memberWith(2, { state: 'leaving' });
    const gone = topology(2, memberWith(1), memberWith(3));
    const { handover, adopted } = adopting(
      topology(1, memberWith(1), leaving, memberWith(3)),
      gone,
    );
    handover.decide(2, [mark(3, 2)]);
    const gained = ownKeys(adopted[1]!).length - ownKeys(adopted[0]!).length;
    expect(gained).toBeGreaterThan(0);
    expect(undecided(handover, ownKeys(adopted[1]!))).toBe(gained);
    handover.decide(2, [mark(2, 2)]);
    expect(undecided(handover, ownKeys(adopted[1]!))).toBe(0);
  });
  test('nobody waits for the mark of a proxy, and a proxy waits for nobody', () => {
    const proxy = memberWith(2, { weight: 0 });
    const members = [memberWith(1), proxy, memberWith(3)];
    const { handover } = adopting(topology(1, ...members));
    handover.decide(1, [mark(3, 1)]);
    expect(handover.isOver).toBe(true);
    const own = new Handover();
    own.adopt(adoptedBy(topology(1, ...members), proxy));
    own.adopt(adoptedBy(topology(2, ...members), proxy));
    expect(own.isOver).toBe(true);
  });
  test('a member that leaves and has lost its weight is awaited: it may still answer', () => {
    const left = memberWith(2, { weight: 0, state: 'leaving' });
    const { handover, adopted } = adopting(topology(1, memberWith(1), left));
    handover.decide(1, []);
    expect(undecided(handover, ownKeys(adopted[0]!))).toBe(keys.length);
    handover.decide(1, [mark(2, 1)]);
    expect(handover.isOver).toBe(true);
  });
  test('settled resolves at the next decision and rejects at the end', async () => {
    const { handover } = adopting(topology(1, ...joining), topology(2, ...joined));
    const first = handover.settled();
    handover.decide(2, []);
    await expect(first).resolves.toBeUndefined();
    const second = handover.settled();
    handover.end();
    await expect(second).rejects.toMatchObject({ code: 'ERR_HANDOVER' });
  });
  test('more topologies than it tells apart make all keys undecided, until their marks', () => {
    const handover = new Handover();
    for (let version = 1; version <= 20; version++) {
      const [second, third] = version % 2 === 0 ? [3, 2] : [2, 3];
      const members = [memberWith(1), memberWith(second), memberWith(third)];
      handover.adopt(adoptedBy(topology(version, ...members), self));
    }
    handover.decide(20, [mark(2, 20)]);
    expect(undecided(handover, keys)).toBe(keys.length);
    handover.decide(20, [mark(3, 20)]);
    expect(handover.isOver).toBe(true);
  });
});

describe('keys of a primary that has died', () => {
  const holders = (replicas: number, version: number, ...members: Member[]): ClusterTopology =>
    topologyWith(members, { version, replicas });
  const dead = memberWith(2, { state: 'down' });
  const inherited = (handover: Handover): readonly Buffer[] =>
    keys.filter((key) => handover.isInherited(key, 0, key.length));
  const ofSecond = ({ groups }: Adopted): readonly Buffer[] =>
    keys.filter((key) => groups.groupOf(key, 0, key.length).primary === 1);

  test('the keys are inherited while a third holder may lack the last change', () => {
    const { handover, adopted } = adopting(
      holders(3, 1, ...joined),
      holders(3, 2, memberWith(1), dead, memberWith(3)),
    );
    expect(handover.inherits).toBe(false);
    handover.decide(2, []);
    expect(inherited(handover)).toEqual(ofSecond(adopted[0]!));
    expect(inherited(handover).length).toBeGreaterThan(0);
    handover.completed(1);
    expect(handover.inherits).toBe(true);
    handover.completed(2);
    expect([handover.inherits, inherited(handover)]).toEqual([false, []]);
  });
  test('nothing is inherited from a member that has sent its mark', () => {
    const { handover } = adopting(
      holders(3, 1, ...joined),
      holders(3, 2, memberWith(1), dead, memberWith(3)),
    );
    handover.decide(2, [mark(2, 2)]);
    expect(handover.inherits).toBe(false);
  });
  test('with two copies no other holder can lack a change', () => {
    const { handover } = adopting(
      holders(2, 1, ...joined),
      holders(2, 2, memberWith(1), dead, memberWith(3)),
    );
    handover.decide(2, []);
    expect(handover.inherits).toBe(false);
  });
  test('after more deaths than it tells apart each key may be inherited', () => {
    const handover = new Handover();
    const last = 20;
    for (let version = 1; version <= last; version++) {
      const second = memberWith(2, { incarnation: version });
      handover.adopt(adoptedBy(holders(3, version, memberWith(1), second, memberWith(3)), self));
      handover.decide(version, [mark(3, version)]);
    }
    expect(inherited(handover)).toEqual(keys);
    handover.completed(last);
    expect(handover.inherits).toBe(false);
  });
});
