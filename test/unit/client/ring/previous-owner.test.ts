import { describe, expect, test } from 'vitest';
import { readNodes } from '../../../../src/client/index.ts';
import { createDistribution } from '../../../../src/client/ring/create.ts';
import {
  type FormerPlacement,
  type Placement,
  previousOwners,
  rememberPlacement,
} from '../../../../src/client/ring/previous-owner.ts';

const GRACE_SECONDS = 60;
const keys = Array.from({ length: 3000 }, (_, i) => `key${i}`);

/** The nodes named by these letters; `ips` says where some of them are. */
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
  former: readonly FormerPlacement[],
  key: string,
  nowMs = 0,
): readonly string[] =>
  previousOwners(key, current, former, nowMs).map((at) => current.nodes[at]!.ringName);
/** What is remembered after these placements took each other's place, all at time 0. */
const history = (...placements: readonly Placement[]): readonly FormerPlacement[] =>
  placements.reduce<readonly FormerPlacement[]>(
    (former, replaced) => rememberPlacement(former, replaced, 0, GRACE_SECONDS),
    [],
  );

describe('the previous owner of a key', () => {
  const abc = placement('abc');
  const abcd = placement('abcd');

  test('is where a key that moved came from; a key that stayed has none', () => {
    const former = history(abc);
    const moved = keys.filter((key) => ownerName(abc, key) !== ownerName(abcd, key));
    expect(moved.length).toBeGreaterThan(0);
    for (const key of keys) {
      const expected = moved.includes(key) ? [ownerName(abc, key)] : [];
      expect(previousNames(abcd, former, key)).toEqual(expected);
    }
  });

  test('is named until the grace ends, and not after', () => {
    const former = rememberPlacement([], abc, 1000, GRACE_SECONDS);
    const key = keys.find((each) => ownerName(abcd, each) === 'd')!;
    expect(previousNames(abcd, former, key, 1000 + GRACE_SECONDS * 1000 - 1)).toHaveLength(1);
    expect(previousNames(abcd, former, key, 1000 + GRACE_SECONDS * 1000)).toEqual([]);
  });

  test('is not a node that has left', () => {
    for (const key of keys) expect(previousNames(placement('ab'), history(abc), key)).toEqual([]);
  });

  test('is not another machine under its name', () => {
    const before = placement('abc', { a: '10.0.0.1', b: '10.0.0.2' });
    const after = placement('abcd', { a: '10.0.0.9', b: '10.0.0.2' });
    const found = new Set(keys.flatMap((key) => previousNames(after, history(before), key)));
    expect([...found].sort()).toEqual(['b', 'c']);
  });

  test('of a fleet that grew twice is known for both steps, the newer first', () => {
    const abcde = placement('abcde');
    const former = history(abc, abcd);
    for (const key of keys) {
      const owner = ownerName(abcde, key);
      const way = [ownerName(abcd, key), ownerName(abc, key)];
      const expected = [...new Set(way)].filter((name) => name !== owner);
      expect(previousNames(abcde, former, key)).toEqual(expected);
    }
    const lengths = new Set(keys.map((key) => previousNames(abcde, former, key).length));
    expect([...lengths].sort()).toEqual([0, 1, 2]);
  });

  test('is found by index in the new list, wherever the node stands there', () => {
    const turned = placement('dcba');
    for (const key of keys) {
      const names = previousNames(turned, history(abc), key);
      expect(names).toEqual(ownerName(turned, key) === 'd' ? [ownerName(abc, key)] : []);
    }
  });
});

describe('the previous holders of a key with two copies', () => {
  test('are those that hold it no more, the owner before the other', () => {
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

describe('what is remembered', () => {
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((host) => placement(host));
  test('four placements at the most, newest first', () => {
    const former = history(...all);
    expect(former.map(({ nodes }) => nodes[0]!.ringName)).toEqual(['f', 'e', 'd', 'c']);
  });
  test('each once: a node that comes and goes pushes nothing out', () => {
    const [ab, abc, abd] = [placement('ab'), placement('abc'), placement('abd')];
    const former = history(abd, ab, abc, ab, abc, ab, abc, ab);
    expect(former.map(({ nodes }) => nodes)).toEqual([ab.nodes, abc.nodes, abd.nodes]);
  });
  test('none whose grace is over, and nothing without a grace', () => {
    const [a, b] = [all[0]!, all[1]!];
    const former = rememberPlacement(history(a), b, GRACE_SECONDS * 1000, GRACE_SECONDS);
    expect(former.map(({ nodes }) => nodes)).toEqual([b.nodes]);
    expect(rememberPlacement(former, a, 0, 0)).toEqual([]);
  });
});
