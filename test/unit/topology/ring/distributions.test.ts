import { describe, expect, test } from 'vitest';
import { type NodeAddress, readNodes, TopologyError } from '../../../../src/topology/index.ts';
import { createDistribution, DISTRIBUTION_NAMES } from '../../../../src/topology/ring/create.ts';
import type { Distribution } from '../../../../src/topology/ring/distribution.ts';
import { Random, testSeed } from '../../../support/random.ts';

const seed = testSeed();
const random = new Random(seed);
const KEYS = 20_000;
/** Half of the keys as applications name them, half random and not ASCII. */
const keys = Array.from({ length: KEYS }, (_, i) =>
  i % 2 === 0 ? `user:${i}` : `${random.int(0, 2 ** 31)}-été-${random.int(0, 2 ** 31)}`,
);

const nodesOf = (count: number, weights: readonly number[] = []): readonly NodeAddress[] =>
  readNodes(
    Array.from({ length: count }, (_, i) => ({
      host: `cache-${i}.example`,
      weight: weights[i] ?? 1,
    })),
  );

/** The share of `keys` that each node owns. */
function shares(distribution: Distribution, nodes: number): readonly number[] {
  const counts = new Array<number>(nodes).fill(0);
  for (const key of keys) counts[distribution.ownerOf(key)]!++;
  return counts.map((count) => count / KEYS);
}

describe.each(DISTRIBUTION_NAMES)(`%s, seed ${seed}`, (name) => {
  const nodes = nodesOf(5);
  const distribution = createDistribution(name, nodes);

  test('the distribution places 12 % to 29 % of the keys on each of five nodes', () => {
    for (const share of shares(distribution, 5)) {
      expect(share).toBeGreaterThan(0.12);
      expect(share).toBeLessThan(0.29);
    }
  });

  test('the distribution returns distinct owners; shorter lists are prefixes of longer', () => {
    for (const key of keys.slice(0, 2000)) {
      const all = distribution.ownersOf(key, 5);
      expect(all.toSorted()).toEqual([0, 1, 2, 3, 4]);
      expect(all[0]).toBe(distribution.ownerOf(key));
      for (const count of [1, 2, 3, 4]) {
        expect(distribution.ownersOf(key, count)).toEqual(all.slice(0, count));
      }
      expect(distribution.ownersOf(key, 99)).toEqual(all);
    }
  });

  test('the distribution spreads the second owners of one node’s keys (modulo does not)', () => {
    const seconds = new Set(
      keys
        .filter((key) => distribution.ownerOf(key) === 2)
        .map((k) => distribution.ownersOf(k, 2)[1]),
    );
    expect(seconds.size).toBe(name === 'modulo' ? 1 : 4);
  });

  test('the distribution places a text and its UTF-8 bytes alike, empty and long ones too', () => {
    for (const key of [
      '',
      'a',
      'été',
      '日本',
      '🙂'.repeat(100),
      'k'.repeat(250),
      'k'.repeat(5000),
    ]) {
      expect(distribution.ownersOf(Buffer.from(key), 3)).toEqual(distribution.ownersOf(key, 3));
      expect(distribution.ownerOf(new TextEncoder().encode(key))).toBe(distribution.ownerOf(key));
    }
  });

  test('the distribution gives the same owners again; a single owner allocates no list', () => {
    const again = createDistribution(name, nodesOf(5));
    for (const key of keys.slice(0, 1000)) {
      expect(again.ownersOf(key, 3)).toEqual(distribution.ownersOf(key, 3));
      expect(distribution.ownersOf(key, 1)).toBe(distribution.ownersOf(key, 1));
    }
  });

  test('one node owns everything', () => {
    const alone = createDistribution(name, nodesOf(1));
    expect(alone.ownerOf('a')).toBe(0);
    expect(alone.ownersOf('a', 3)).toEqual([0]);
  });

  test('the distribution refuses an empty list of nodes', () => {
    expect(() => createDistribution(name, [])).toThrow(TopologyError);
  });
});

describe(`a node that joins at the end of the list, seed ${seed}`, () => {
  test.each(['ketama', 'jump', 'rendezvous'] as const)('%s moves only its share', (name) => {
    const five = createDistribution(name, nodesOf(5));
    const six = createDistribution(name, nodesOf(6));
    const moved = keys.filter((key) => five.ownerOf(key) !== six.ownerOf(key));
    expect(moved.every((key) => six.ownerOf(key) === 5)).toBe(true);
    expect(moved.length / KEYS).toBeGreaterThan(0.1);
    expect(moved.length / KEYS).toBeLessThan(0.24);
  });
  test('modulo moves most keys', () => {
    const five = createDistribution('modulo', nodesOf(5));
    const six = createDistribution('modulo', nodesOf(6));
    const moved = keys.filter((key) => five.ownerOf(key) !== six.ownerOf(key));
    expect(moved.length / KEYS).toBeGreaterThan(0.7);
  });
});

describe.each(['ketama', 'rendezvous'] as const)(`%s, seed ${seed}`, (name) => {
  test('the distribution moves only the keys of a node that leaves, to their next owners', () => {
    const nodes = nodesOf(5);
    const left = nodes.filter((_, i) => i !== 1);
    const before = createDistribution(name, nodes);
    const after = createDistribution(name, left);
    // Two points of a continuum may coincide; then libmemcached defines their order.
    for (const key of keys) {
      const [owner, next] = before.ownersOf(key, 2);
      const expected = owner === 1 ? next : owner;
      expect(left[after.ownerOf(key)]!.name).toBe(nodes[expected!]!.name);
    }
  });

  test('weights of 1, 2 and 5 give 1/8, 2/8 and 5/8 of the keys, within a third', () => {
    const [one, two, five] = shares(createDistribution(name, nodesOf(3, [1, 2, 5])), 3);
    for (const [share, expected] of [
      [one!, 1 / 8],
      [two!, 2 / 8],
      [five!, 5 / 8],
    ] as const) {
      expect(share).toBeGreaterThan(expected * 0.67);
      expect(share).toBeLessThan(expected * 1.33);
    }
  });

  test('the distribution does not depend on the order of the nodes', () => {
    const nodes = nodesOf(5, [1, 2, 1, 3, 1]);
    const reversed = nodes.toReversed();
    const one = createDistribution(name, nodes);
    const other = createDistribution(name, reversed);
    for (const key of keys.slice(0, 4000)) {
      const names = other.ownersOf(key, 3).map((i) => reversed[i]!.name);
      expect(one.ownersOf(key, 3).map((i) => nodes[i]!.name)).toEqual(names);
    }
  });
});

describe('createDistribution', () => {
  test.each(['modulo', 'jump'] as const)(
    'createDistribution refuses unequal weights for %s',
    (name) => {
      expect(() => createDistribution(name, nodesOf(2, [1, 2]))).toThrow(TopologyError);
      expect(createDistribution(name, nodesOf(2, [3, 3])).ownerOf('a')).toBeLessThan(2);
    },
  );
  test('createDistribution refuses an unknown name', () => {
    const name = 'toString' as 'ketama';
    expect(() => createDistribution(name, nodesOf(2))).toThrow(/ketama, modulo, jump, rendezvous/);
  });
});
