import { describe, expect, test } from 'vitest';
import { readNodes } from '../../../src/topology/index.ts';
import {
  type Placement,
  type PreviousPlacement,
  previousOwners,
  recordPlacement,
} from '../../../src/topology/placement-history.ts';
import { createDistribution } from '../../../src/topology/ring/create.ts';

const GRACE_SECONDS = 60;
const keys = Array.from({ length: 3000 }, (_, i) => `key${i}`);

/** A placement on the nodes named by these letters; `ips` gives the addresses of some of them. */
function placement(hosts: string, ips: Readonly<Record<string, string>> = {}): Placement {
  const nodes = readNodes([...hosts]).map((node) => {
    const ip = ips[node.ringName];
    return ip === undefined ? node : { ...node, ip };
  });
  return { nodes, distribution: createDistribution('ketama', nodes) };
}
const ownerName = ({ nodes, distribution }: Placement, key: string): string =>
  nodes[distribution.ownerOf(key)]!.ringName;
const previousNames = (
  current: Placement,
  previousPlacements: readonly PreviousPlacement[],
  key: string,
  nowMs = 0,
): readonly string[] =>
  previousOwners(key, current, previousPlacements, nowMs).map((at) => current.nodes[at]!.ringName);
/** The previous placements after these placements were replaced in turn, all at time 0. */
const history = (...placements: readonly Placement[]): readonly PreviousPlacement[] =>
  placements.reduce<readonly PreviousPlacement[]>(
    (previousPlacements, replaced) =>
      recordPlacement(previousPlacements, replaced, 0, GRACE_SECONDS),
    [],
  );

describe('the previous owners of a key', () => {
  const abc = placement('abc');
  const abcd = placement('abcd');

  test('the previous owner is the node that a moved key left; a key that stayed has none', () => {
    const previousPlacements = history(abc);
    const moved = keys.filter((key) => ownerName(abc, key) !== ownerName(abcd, key));
    expect(moved.length).toBeGreaterThan(0);
    for (const key of keys) {
      const expected = moved.includes(key) ? [ownerName(abc, key)] : [];
      expect(previousNames(abcd, previousPlacements, key)).toEqual(expected);
    }
  });

  test('the previous owners are known until the grace ends', () => {
    const previousPlacements = recordPlacement([], abc, 1000, GRACE_SECONDS);
    const key = keys.find((each) => ownerName(abcd, each) === 'd')!;
    expect(
      previousNames(abcd, previousPlacements, key, 1000 + GRACE_SECONDS * 1000 - 1),
    ).toHaveLength(1);
    expect(previousNames(abcd, previousPlacements, key, 1000 + GRACE_SECONDS * 1000)).toEqual([]);
  });

  test('the previous owners do not include a node that has left', () => {
    for (const key of keys) expect(previousNames(placement('ab'), history(abc), key)).toEqual([]);
  });

  test('the previous owners do not include another machine of the same name', () => {
    const before = placement('abc', { a: '10.0.0.1', b: '10.0.0.2' });
    const after = placement('abcd', { a: '10.0.0.9', b: '10.0.0.2' });
    const found = new Set(keys.flatMap((key) => previousNames(after, history(before), key)));
    expect([...found].sort()).toEqual(['b', 'c']);
  });

  test('the previous owners are known for both steps of a double growth, newer first', () => {
    const abcde = placement('abcde');
    const previousPlacements = history(abc, abcd);
    for (const key of keys) {
      const owner = ownerName(abcde, key);
      const owners = [ownerName(abcd, key), ownerName(abc, key)];
      const expected = [...new Set(owners)].filter((name) => name !== owner);
      expect(previousNames(abcde, previousPlacements, key)).toEqual(expected);
    }
    const lengths = new Set(
      keys.map((key) => previousNames(abcde, previousPlacements, key).length),
    );
    expect([...lengths].sort()).toEqual([0, 1, 2]);
  });

  test('the previous owners are indexes of the new list, whatever its order', () => {
    const reversed = placement('dcba');
    for (const key of keys) {
      const names = previousNames(reversed, history(abc), key);
      expect(names).toEqual(ownerName(reversed, key) === 'd' ? [ownerName(abc, key)] : []);
    }
  });
});

describe('the previous owners of a key with two replicas', () => {
  test('the previous owners are the nodes that no longer hold a replica, the owner first', () => {
    const [before, after] = [placement('abc'), placement('abcde')];
    const names = ({ nodes, distribution }: Placement, key: string): readonly string[] =>
      distribution.ownersOf(key, 2).map((at) => nodes[at]!.ringName);
    for (const key of keys) {
      const found = previousOwners(key, after, history(before), 0, 2);
      const now = names(after, key);
      const expected = names(before, key).filter((name) => !now.includes(name));
      expect(found.map((at) => after.nodes[at]!.ringName)).toEqual(expected);
    }
  });
});

describe('the placement history', () => {
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((host) => placement(host));
  test('the history holds at most four placements, newest first', () => {
    const previousPlacements = history(...all);
    expect(previousPlacements.map(({ nodes }) => nodes[0]!.ringName)).toEqual(['f', 'e', 'd', 'c']);
  });
  test('the history holds each placement once: a node that comes and goes displaces none', () => {
    const [ab, abc, abd] = [placement('ab'), placement('abc'), placement('abd')];
    const previousPlacements = history(abd, ab, abc, ab, abc, ab, abc, ab);
    expect(previousPlacements.map(({ nodes }) => nodes)).toEqual([ab.nodes, abc.nodes, abd.nodes]);
  });
  test('the history holds no placement whose grace has ended, and none without a grace', () => {
    const [a, b] = [all[0]!, all[1]!];
    const previousPlacements = recordPlacement(history(a), b, GRACE_SECONDS * 1000, GRACE_SECONDS);
    expect(previousPlacements.map(({ nodes }) => nodes)).toEqual([b.nodes]);
    expect(recordPlacement(previousPlacements, a, 0, 0)).toEqual([]);
  });
});
