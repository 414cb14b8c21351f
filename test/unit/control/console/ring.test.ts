import { describe, expect, test } from 'vitest';
import { ringOf } from '../../../../src/control/console/ring.ts';
import { createDistribution, readNodes } from '../../../../src/topology/index.ts';

const nodesOf = (count: number) =>
  Array.from({ length: count }, (_, nth) => ({
    id: String(nth + 1).padStart(4, '0'),
    address: `127.0.0.1:${12_000 + nth}`,
  }));

describe('the ring of a cluster', () => {
  test('the shares are those of the keys that clients place', () => {
    const nodes = nodesOf(3);
    const { shares } = ringOf(nodes, 1, 'x');
    const ketama = createDistribution('ketama', readNodes(nodes.map(({ address }) => address)));
    const counts = [0, 0, 0];
    const keys = 30_000;
    for (let nth = 0; nth < keys; nth++) counts[ketama.ownerOf(`key-${nth}`)]!++;
    for (const [at, share] of shares.entries()) expect(counts[at]! / keys).toBeCloseTo(share, 1);
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 9);
  });
  test('each node has a path, and one node the whole ring', () => {
    const text = String(ringOf(nodesOf(12), 2, '12 <nodes>').picture);
    expect(text.match(/<path /g)).toHaveLength(12);
    expect(text).toContain('aria-label="12 &lt;nodes&gt;"');
    expect(String(ringOf(nodesOf(1), 1, 'x').picture).match(/M/g)).toHaveLength(2);
    expect(ringOf(nodesOf(1), 3, 'x').shares).toEqual([1]);
  });
});
