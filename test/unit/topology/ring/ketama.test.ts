import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type NodeSpec, readNodes } from '../../../../src/topology/index.ts';
import { KetamaRing } from '../../../../src/topology/ring/ketama.ts';

interface Golden {
  readonly ketama_weighted: readonly {
    readonly name: string;
    readonly servers: readonly {
      readonly host: string;
      readonly port: number;
      readonly weight: number;
    }[];
    readonly map: Readonly<Record<string, number>>;
  }[];
}
const file = new URL('../golden/ketama.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

describe('the ring places keys as libmemcached 1.1.4 does', () => {
  for (const { name, servers, map } of golden.ketama_weighted) {
    test(`${name}: ${Object.keys(map).length} recorded keys have the same owner`, () => {
      const ring = new KetamaRing(readNodes(servers));
      const placed = Object.fromEntries(Object.keys(map).map((key) => [key, ring.ownerOf(key)]));
      expect(placed).toEqual(map);
    });
  }
  test('the recording has 828 keys', () => {
    const lookups = golden.ketama_weighted.map(({ map }) => Object.keys(map).length);
    expect(lookups.reduce((sum, count) => sum + count)).toBe(828);
  });
});

describe('the ring', () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `key${i}`);
  const place = (nodes: readonly NodeSpec[]): ((key: string) => string) => {
    const addresses = readNodes(nodes);
    const ring = new KetamaRing(addresses);
    return (key) => addresses[ring.ownerOf(key)]!.name;
  };
  test('the ring has 160 points for each node of equal weight, for paths and IPv6 too', () => {
    const nodes = ['a', 'b:11311', '[::1]:11411', '/tmp/x.sock'];
    expect(new KetamaRing(readNodes(nodes)).pointCounts()).toEqual([160, 160, 160, 160]);
    expect(new KetamaRing(readNodes(['a'])).pointCounts()).toEqual([160]);
  });
  test('the ring moves only the share of a node that joins', () => {
    const placed = place(['a', 'b', 'c']);
    const replaced = place(['a', 'b', 'c', 'd']);
    const moved = keys.filter((key) => placed(key) !== replaced(key));
    expect(moved.every((key) => replaced(key) === 'd:11211')).toBe(true);
    expect(moved.length / keys.length).toBeGreaterThan(0.15);
    expect(moved.length / keys.length).toBeLessThan(0.35);
  });
  test('the ring does not depend on the order of the nodes', () => {
    const [one, other] = [place(['a', 'b', 'c']), place(['c', 'a', 'b'])];
    expect(keys.filter((key) => one(key) !== other(key))).toEqual([]);
  });
});
