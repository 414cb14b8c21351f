import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ModuloDistribution } from '../../../../src/topology/ring/modulo.ts';
import { oneAtATime } from '../../../../src/topology/ring/one-at-a-time.ts';

interface Golden {
  readonly hashes: Readonly<Record<string, number>>;
  readonly modula: readonly {
    readonly nodes: number;
    readonly map: Readonly<Record<string, number>>;
  }[];
}
const file = new URL('../golden/modula.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

describe('modulo places keys as libmemcached 1.1.4 does by default', () => {
  test('the hashes of recorded keys are equal, also of bytes from 0x80 up', () => {
    const hashes = Object.keys(golden.hashes).map((key) => {
      const bytes = Buffer.from(key);
      return [key, oneAtATime(bytes, 0, bytes.length)];
    });
    expect(Object.fromEntries(hashes)).toEqual(golden.hashes);
  });
  test.each(golden.modula)(
    'recorded keys have the same owner among $nodes nodes',
    ({ nodes, map }) => {
      const distribution = new ModuloDistribution(nodes);
      for (const [key, node] of Object.entries(map)) expect(distribution.ownerOf(key)).toBe(node);
    },
  );
  test('the recording has 50 keys for each number of nodes', () => {
    expect(golden.modula.map(({ map }) => Object.keys(map).length)).toEqual([50, 50, 50, 50, 50]);
  });
});
