import { expect, test } from 'vitest';
import type { UsageLimits } from '../../../../src/control/model/serverless-records.ts';
import {
  boundsOf,
  firstShape,
  type Shape,
  typeFor,
} from '../../../../src/control/serverless/shape.ts';

const FREE_MIB = 16 * 1024;
const MEBIBYTE = 2 ** 20;

const CASES: readonly (readonly [what: string, UsageLimits, fileMib: number, Shape])[] = [
  ['a cache without limits begins small', {}, 0, { nodes: 1, memoryMib: 256 }],
  ['a minimum of data is there at once', { gigabytesMin: 2 }, 0, { nodes: 1, memoryMib: 2048 }],
  [
    'more memory than a node has goes on several',
    { gigabytesMin: 10 },
    0,
    { nodes: 3, memoryMib: 3413 },
  ],
  ['a minimum of ECPU needs nodes', { ecpuPerSecondMin: 250_000 }, 0, { nodes: 3, memoryMib: 85 }],
  ['a restored cache has room for its items', {}, 500, { nodes: 1, memoryMib: 1000 }],
  [
    'a maximum of data counts more than a snapshot',
    { gigabytesMax: 1 },
    5000,
    { nodes: 1, memoryMib: 1024 },
  ],
];

for (const [what, limits, fileMib, shape] of CASES) {
  test(what, () => {
    const bounds = boundsOf(limits, FREE_MIB);
    expect(firstShape(bounds, fileMib * MEBIBYTE)).toEqual(shape);
  });
}

test('the type of a node says its memory', () => {
  expect(typeFor({ nodes: 2, memoryMib: 85 })).toBe('slabring.85x1');
});
