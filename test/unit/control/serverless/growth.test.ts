import { expect, test } from 'vitest';
import type { UsageLimits } from '../../../../src/control/model/serverless-records.ts';
import { type LoadSample, nextShape } from '../../../../src/control/serverless/growth.ts';
import { boundsOf, type Shape } from '../../../../src/control/serverless/shape.ts';

const MEBIBYTE = 2 ** 20;
const STEP_MS = 5000;
const MINUTE_MS = 60_000;
const NOW_MS = 100 * MINUTE_MS;
const FREE_MIB = 8192;
const shape = (nodes: number, memoryMib: number): Shape => ({ nodes, memoryMib });

interface Case {
  readonly what: string;
  readonly from: Shape;
  /** Undefined: it stays as it is. */
  readonly to: Shape | undefined;
  readonly limits?: UsageLimits;
  /** What each sample has. */
  readonly usedMib?: number;
  readonly evictions?: number;
  readonly cpu?: number;
  /** How many samples there are. */
  readonly samples?: number;
  /** How long the cache has had its shape. */
  readonly minutes?: number;
}

const CASES: readonly Case[] = [
  { what: 'a cache that is half empty stays', from: shape(1, 256), usedMib: 100, to: undefined },
  { what: 'a cache without samples stays', from: shape(1, 256), samples: 0, to: undefined },
  {
    what: 'memory doubles when half is used',
    from: shape(1, 256),
    usedMib: 150,
    to: shape(1, 512),
  },
  {
    what: 'memory doubles when items are evicted',
    from: shape(1, 256),
    evictions: 1,
    to: shape(1, 512),
  },
  { what: 'large nodes become more', from: shape(1, 4096), usedMib: 3000, to: shape(2, 4096) },
  {
    what: 'memory ends at the maximum',
    from: shape(1, 768),
    limits: { gigabytesMax: 1 },
    usedMib: 700,
    to: shape(1, 1024),
  },
  {
    what: 'a cache at its maximum evicts',
    from: shape(1, 1024),
    limits: { gigabytesMax: 1 },
    usedMib: 1000,
    evictions: 9,
    to: undefined,
  },
  {
    what: 'a cache without a maximum ends at what is free',
    from: shape(2, 4096),
    usedMib: 8000,
    to: undefined,
  },
  {
    what: 'a new maximum makes it smaller at once',
    from: shape(1, 4096),
    limits: { gigabytesMax: 1 },
    usedMib: 10,
    minutes: 0,
    to: shape(1, 1024),
  },
  {
    what: 'a new minimum makes it larger at once',
    from: shape(1, 256),
    limits: { gigabytesMin: 2 },
    minutes: 0,
    to: shape(1, 2048),
  },
  {
    what: 'a minimum of ECPU adds nodes',
    from: shape(1, 512),
    limits: { ecpuPerSecondMin: 200_000 },
    to: shape(2, 256),
  },
  {
    what: 'busy nodes get another one',
    from: shape(2, 256),
    cpu: 1.6,
    usedMib: 200,
    to: shape(3, 170),
  },
  {
    what: 'a short peak adds no node',
    from: shape(2, 256),
    cpu: 1.6,
    usedMib: 200,
    samples: 2,
    to: undefined,
  },
  {
    what: 'an empty cache shrinks after a calm time',
    from: shape(1, 1024),
    usedMib: 50,
    cpu: 0.5,
    to: shape(1, 512),
  },
  {
    what: 'an empty cache waits before it shrinks',
    from: shape(1, 1024),
    usedMib: 50,
    minutes: 4,
    to: undefined,
  },
  {
    what: 'idle nodes become fewer',
    from: shape(3, 256),
    usedMib: 100,
    cpu: 0.1,
    to: shape(2, 384),
  },
  { what: 'the last node stays', from: shape(1, 64), usedMib: 1, cpu: 0, to: undefined },
  {
    what: 'a cache at its minimum stays',
    from: shape(1, 1024),
    limits: { gigabytesMin: 1 },
    usedMib: 1,
    to: undefined,
  },
];

for (const { what, from, to, limits = {}, samples = 72, minutes = 60, ...load } of CASES) {
  test(what, () => {
    const { usedMib = 100, evictions = 0, cpu = 0.3 } = load;
    const series = Array.from(
      { length: samples },
      (_, nth): LoadSample => ({
        atMs: NOW_MS - (samples - 1 - nth) * STEP_MS,
        usedBytes: usedMib * MEBIBYTE,
        evictions,
        cpu,
      }),
    );
    const sinceMs = NOW_MS - minutes * MINUTE_MS;
    const growing = { samples: series, shape: from, sinceMs, nowMs: NOW_MS };
    expect(nextShape(growing, boundsOf(limits, FREE_MIB))).toEqual(to);
  });
}
