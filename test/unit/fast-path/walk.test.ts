import { beforeEach, describe, expect, test } from 'vitest';
import { cleanStore } from '../../../src/cluster/node/clean-walk.ts';
import { type FastWalking, mergedArcs } from '../../../src/cluster/node/fast-walking.ts';
import { Frame, StateKeys, StatesReader } from '../../../src/protocol/peer.ts';
import { type ItemState, newItemState } from '../../../src/store/index.ts';
import { FLAG } from '../../../src/store/memory/item-layout.ts';
import { type Group, KeyGroups } from '../../../src/topology/index.ts';
import { md5Start } from '../../../src/topology/ring/short-md5.ts';
import { audit } from '../../support/audit.ts';
import { memberWith, topologyWith } from '../../support/cluster-topologies.ts';
import { CopyNode, FAST_WALK_STORE, set, valueText } from '../../support/copy-node.ts';
import { Random, testSeed } from '../../support/random.ts';

const KEYS = 600;
const LARGE = 100_000;
const seed = testSeed();
const text = (nth: number): string => `${'k'.repeat(nth % 130)}-${nth}`;
const keys = Array.from({ length: KEYS }, (_, nth) => text(nth));
const pointOf = (key: string): number => md5Start(Buffer.from(key), 0, key.length);

let node: CopyNode;
let walk: FastWalking;
beforeEach(() => {
  node = new CopyNode({ ...FAST_WALK_STORE, memoryLimitBytes: 16 << 20 });
  walk = node.fastWalk!;
});

/** All states that the walk collects for each set, and the groups that it has left out. */
function collect(sets: number, band?: Parameters<FastWalking['step']>[3]) {
  const states: Buffer[][] = Array.from({ length: sets }, () => []);
  const counts = new Array<number>(sets).fill(0);
  const { groups } = node.store.walkKeys();
  const left: number[] = [];
  for (let group = 0; group < groups; ) {
    group = walk.step(group, groups, groups, band);
    let taken = 0;
    for (const set of states.keys()) {
      taken += walk.countOf(set);
      counts[set]! += walk.countOf(set);
      states[set]!.push(walk.take(set));
    }
    if (group < groups && !(walk.isFull && taken > 0)) left.push(group++);
  }
  return { states: states.map((each) => Buffer.concat(each)), counts, left };
}

/** The states in a buffer by their keys, without their numbers of the read. */
function decoded(states: Buffer): ReadonlyMap<string, unknown> {
  const frame = new Frame();
  frame.show(Buffer.concat([Buffer.alloc(8), states]));
  frame.start = 0;
  frame.end = 8 + states.length;
  const reader = new StatesReader();
  reader.open(frame);
  const found = new Map<string, unknown>();
  for (let state = newItemState(); reader.next(state); state = newItemState()) {
    const { keySource, keyStart, keyBytes } = state;
    found.set(keySource.toString('latin1', keyStart, keyStart + keyBytes), facts(state));
  }
  return found;
}

function facts(state: ItemState): unknown {
  const { clientFlags, expiry, idleSeconds, hits, casHigh, casLow } = state;
  const { ownCas, ownCasHigh, ownCasLow, isFetched, isStale, isLeased, isKept, keyBinary } = state;
  const numbers = {
    clientFlags,
    expiry,
    idleSeconds,
    hits,
    casHigh,
    casLow,
    ownCasHigh,
    ownCasLow,
  };
  const value = valueText(state);
  return { ...numbers, ownCas, isFetched, isStale, isLeased, isKept, keyBinary, value };
}

function fill(random: Random): void {
  for (const key of keys) {
    const value = 'v'.repeat(random.pick([0, 1, 5, 90, 2000]));
    node.send(set(key, value, random.pick([0, 0, 5, 1000]), random.pick([0, 0, 1, 0xffff_ffff])));
    if (random.oneIn(8)) node.send(`ms ${key} 2 E${random.int(1, 9)}\r\nab\r\n`);
    if (random.oneIn(8)) node.send(`md ${key} I T30\r\n`);
    if (random.oneIn(3)) node.send(`get ${key}\r\nget ${key}\r\n`);
    if (random.oneIn(100)) node.wait(1);
  }
  const binary = Buffer.from('binary-key').toString('base64');
  node.send(`ms ${binary} 2 b\r\nab\r\n`);
  node.send(`mg ${binary} b v\r\nmg stale-key v N30\r\n`);
}

describe('a walk in WebAssembly', () => {
  test(`the states are those that JavaScript reads, by their arcs, seed ${seed}`, () => {
    const random = new Random(seed);
    fill(random);
    const lasts = Array.from({ length: 40 }, () => random.int(0, 2 ** 32 - 1)).sort(
      (a, b) => a - b,
    );
    const arcs = lasts.map((last) => ({ last, action: random.pick([0, 1, 2, 'keep'] as const) }));
    const actionOf = (key: string) =>
      (arcs.find(({ last }) => pointOf(key) <= last) ?? arcs[0]!).action;
    expect(walk.begin(mergedArcs(arcs), 3)).toBe(true);
    const { states, counts, left } = collect(3);
    expect(left).toEqual([]);
    for (const [nth, encoded] of states.entries()) {
      const wanted = [...keys, 'binary-key', 'stale-key'].filter((key) => {
        return actionOf(key) === nth && node.read(key).exists;
      });
      const found = decoded(encoded);
      expect([...found.keys()].toSorted()).toEqual(wanted.toSorted());
      expect(counts[nth]).toBe(wanted.length);
      for (const key of wanted) expect(found.get(key)).toEqual(facts(node.read(key)));
      expect(new StateKeys(encoded, counts[nth]!).count).toBe(found.size);
    }
  });

  test('the read numbers of states are above all that were drawn before', () => {
    node.send(set('a', '1'));
    const before = node.copies.sequence();
    walk.begin([{ last: 5, action: 0 }], 1);
    const [states] = collect(1).states;
    expect(states!.readUInt32BE(28)).toBe(before.low + 1);
    expect(node.copies.sequence().low).toBe(before.low + 1);
  });

  test('only items of the band are collected', () => {
    node.send(set('old', '1'));
    node.wait(100);
    node.send(set('new', '2'));
    const now = node.parts.clock.now();
    walk.begin([{ last: 5, action: 0 }], 1);
    const all = { from: Number.NEGATIVE_INFINITY, end: Infinity, again: Infinity };
    const keysIn = (band: typeof all) => [...decoded(collect(1, band).states[0]!).keys()].sort();
    expect(keysIn(all)).toEqual(['new', 'old']);
    expect(keysIn({ ...all, from: now - 99 })).toEqual(['new']);
    expect(keysIn({ ...all, end: now - 99 })).toEqual(['old']);
    expect(keysIn({ ...all, end: now - 99, again: now })).toEqual(['new', 'old']);
  });

  test('the groups of a busy lock and of a large item are left to JavaScript', () => {
    const { index, stripes } = node.parts;
    for (const key of ['a', 'b', 'c']) node.send(set(key, key));
    node.send(set('large', 'v'.repeat(LARGE * 8)));
    walk.begin([{ last: 5, action: 0 }], 1);
    const groupOf = (key: string) => index.hashOf(Buffer.from(key), 0, key.length) & 4095;
    stripes.lock(groupOf('b'));
    const { left, states } = collect(1);
    stripes.unlock(groupOf('b'));
    const groups = node.store.walkKeys().groups;
    expect(new Set(left.map((group) => group & 4095))).toEqual(
      new Set([groupOf('b'), groupOf('large')]),
    );
    expect(groups).toBeGreaterThanOrEqual(4096);
    expect([...decoded(states[0]!).keys()].sort()).toEqual(['a', 'c']);
  });

  test('a state that is larger than the room of a set is left to JavaScript', () => {
    node.send(set('a', 'v'.repeat(40_000)));
    walk.begin([{ last: 5, action: 0 }], 1);
    const { left, counts } = collect(1);
    expect(left).toHaveLength(1);
    expect(counts).toEqual([0]);
  });

  test('too many arcs or sets are refused', () => {
    const arcs = Array.from({ length: 7000 }, (_, last) => ({ last, action: 'keep' as const }));
    expect(walk.begin(arcs)).toBe(false);
    expect(walk.begin([])).toBe(false);
    expect(walk.begin(arcs.slice(0, 10), 17)).toBe(false);
    expect(walk.begin(arcs.slice(0, 10), 16)).toBe(true);
  });
});

test(`a store is cleaned in WebAssembly as in JavaScript, seed ${seed}`, async () => {
  const random = new Random(seed);
  const slow = new CopyNode({ memoryLimitBytes: 16 << 20 });
  const groups = KeyGroups.of(topologyWith([1, 2, 3].map((nth) => memberWith(nth))));
  const verdict = ({ primary }: Group) => (['markOwn', 'markCopy', 'drop'] as const)[primary]!;
  for (const key of keys) {
    const command = set(key, 'v'.repeat(random.pick([1, 100, LARGE, 8 * LARGE])));
    if (random.oneIn(10) || command.length < LARGE)
      for (const each of [node, slow]) each.send(command);
    const id = node.idOf(key);
    if (id === 0 || !random.oneIn(2)) continue;
    node.parts.items.setFlags(id, FLAG.copy);
    slow.parts.items.setFlags(slow.idOf(key), FLAG.copy);
  }
  const open = keys.filter(() => random.oneIn(5)).map((key) => Buffer.from(key));
  for (const each of [node, slow]) {
    for (const key of open) each.copies.changes.begin(key, 0, key.length);
    each.copies.changes.take();
    const { copies, fastWalk, store } = each;
    const parts = { copies, fastWalk, walkKeys: () => store.walkKeys(), soon: setImmediate };
    await cleanStore(groups, verdict, parts);
  }
  const all = (each: CopyNode) => keys.map((key) => [key, each.isCopy(key)]);
  expect(all(node)).toEqual(all(slow));
  expect(new Set(all(node).map(([, isCopy]) => isCopy))).toEqual(new Set([true, false, undefined]));
  expect(audit(node.parts)).toEqual([]);
});
