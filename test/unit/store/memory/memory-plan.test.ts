import { describe, expect, test } from 'vitest';
import { planMemory } from '../../../../src/store/memory/memory-plan.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const BOTH = ['memory32', 'memory64'] as const;
const PLAIN = [
  { kind: 'plain', growth: 4 },
  { kind: 'plain', growth: 1 },
];

/** A store that needs a tenth more than its items, as an index does. */
const layOutFor = (memoryLimitBytes: number) => (growth: number) => ({
  memoryPages: memoryLimitBytes / MIB,
  bytes: Math.round(memoryLimitBytes * growth * 1.1),
});

describe('planMemory', () => {
  test.each([
    ['64 MiB', 64 * MIB, 'memory32', 4],
    ['930 MiB, which need 4092 MiB', 930 * MIB, 'memory32', 4],
    ['931 MiB, which need 4097 MiB', 931 * MIB, 'memory64', 4],
    ['2 GiB', 2 * GIB, 'memory64', 4],
    ['3723 MiB, which need 16 GiB', 3723 * MIB, 'memory64', 4],
  ] as const)('memory for %s grows four times', (_, bytes, kind, growth) => {
    expect(planMemory(BOTH, layOutFor(bytes))).toEqual([{ kind, growth }, ...PLAIN]);
  });
  test('larger memory grows as far as 16 GiB reach, in whole pages', () => {
    const [{ kind, growth }] = planMemory(BOTH, layOutFor(8 * GIB)) as [(typeof PLAIN)[number]];
    expect(kind).toBe('memory64');
    const pages = growth * 8 * 1024;
    expect(pages).toBe(Math.floor((16 * 1024) / 1.1));
  });
  test('memory that exceeds 16 GiB without growth is plain', () => {
    expect(planMemory(BOTH, layOutFor(15 * GIB))).toEqual(PLAIN);
  });
  test('memory is of an available kind only', () => {
    expect(planMemory([], layOutFor(64 * MIB))).toEqual(PLAIN);
    expect(planMemory(['memory32'], layOutFor(2 * GIB))).toEqual(PLAIN);
    expect(planMemory(['memory64'], layOutFor(64 * MIB))[0]?.kind).toBe('memory64');
  });
});
