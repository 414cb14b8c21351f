import { describe, expect, test } from 'vitest';
import { diffTopology, sameNodes } from '../../../src/topology/diff.ts';
import { type KnownNode, readNodes } from '../../../src/topology/index.ts';
import { Random, testSeed } from '../../support/random.ts';

/** `a=10.0.0.1*2` is node a at that address with weight 2. */
function nodes(text: string): readonly KnownNode[] {
  return text.split(' ').map((word) => {
    const [, host, ip, weight] = /^([^=*]+)(?:=([^*]+))?(?:\*(\d+))?$/.exec(word)!;
    const [node] = readNodes([{ host: host!, weight: Number(weight ?? 1) }]);
    return ip === undefined ? node! : { ...node!, ip };
  });
}
/** The diff as `+added -removed =kept !replaced`, and whether keys may move. */
function summary(before: string, after: string): readonly [string, boolean] {
  const diff = diffTopology(nodes(before), nodes(after));
  const host = ({ ringName }: KnownNode): string => ringName;
  const changes = [
    ...diff.added.map((node) => `+${host(node)}`),
    ...diff.removed.map((node) => `-${host(node)}`),
    ...diff.kept.map((pair) => `=${host(pair.after)}`),
    ...diff.replaced.map((pair) => `!${host(pair.after)}`),
  ];
  return [changes.join(' '), diff.placementChanged];
}

describe('the difference of two topologies', () => {
  test.each([
    ['a b', 'a b', '=a =b', false],
    ['a b', 'a b c', '+c =a =b', true],
    ['a b c', 'a c', '-b =a =c', true],
    ['a b', 'c d', '+c +d -a -b', true],
    ['a b', 'b a', '=b =a', true],
    ['a b', 'a*2 b', '=a =b', true],
    ['a=10.0.0.1 b', 'a=10.0.0.2 b', '=b !a', false],
    ['a=10.0.0.1', 'a', '=a', false],
    ['a', 'a=10.0.0.1', '=a', false],
    ['a=1 b=2', 'c=1 b=3', '+c -a !b', true],
  ])('%s → %s: %s', (before, after, changes, placementChanged) => {
    expect(summary(before, after)).toEqual([changes, placementChanged]);
    const same = !placementChanged && !/[+!-]/.test(changes);
    expect(sameNodes(nodes(before), nodes(after))).toBe(same);
  });

  test('a node with another connect address is another machine', () => {
    const [before] = nodes('a');
    const after = { ...before!, connect: { host: '10.0.0.9', port: 11_211 } };
    expect(diffTopology([before!], [after]).replaced).toEqual([{ before, after }]);
  });

  test('a kept node has its old and its new weight', () => {
    const [pair] = diffTopology(nodes('a'), nodes('a*5')).kept;
    expect([pair!.before.weight, pair!.after.weight]).toEqual([1, 5]);
  });

  const seed = testSeed();
  test(`each node is in exactly one part of the diff (seed ${seed})`, () => {
    const random = new Random(seed);
    const list = (): string => {
      const hosts = [...'abcdefgh'].filter(() => random.oneIn(2));
      return ['z', ...hosts].map((host) => `${host}=${random.int(1, 2)}`).join(' ');
    };
    for (let i = 0; i < 500; i++) {
      const [before, after] = [nodes(list()), nodes(list())];
      const { added, removed, kept, replaced } = diffTopology(before, after);
      const pairs = [...kept, ...replaced];
      const names = (all: readonly KnownNode[]): string[] => all.map(({ name }) => name).sort();
      expect(names([...removed, ...pairs.map((pair) => pair.before)])).toEqual(names(before));
      expect(names([...added, ...pairs.map((pair) => pair.after)])).toEqual(names(after));
    }
  });
});
