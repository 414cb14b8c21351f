import { describe, expect, test } from 'vitest';
import {
  FillPacer,
  nextRests,
  RESTS_PER_WORK_MAX,
} from '../../../../src/cluster/node/fill-pacer.ts';

/** A fill that works in pieces of a quarter of a millisecond, and rests as it is told. */
function pace(delayMs: (atMs: number) => number | undefined, forMs: number) {
  let nowMs = 0;
  let workedMs = 0;
  const pacer = new FillPacer({ nowMs: () => nowMs, delayMs: () => delayMs(nowMs) });
  let longestRestMs = 0;
  while (nowMs < forMs) {
    const startedAtMs = nowMs;
    nowMs += 0.25;
    workedMs += 0.25;
    const restMs = pacer.restMs(startedAtMs);
    longestRestMs = Math.max(longestRestMs, restMs);
    nowMs += restMs;
  }
  return { share: workedMs / nowMs, longestRestMs };
}

describe('the pace of a fill', () => {
  test('a fill beside idle threads rests no more after a moment', () => {
    expect(pace(() => 0, 10_000).share).toBeGreaterThan(0.98);
  });
  test('a fill keeps a fifth of a core beside threads that are always late', () => {
    const { share, longestRestMs } = pace(() => 50, 10_000);
    expect(share).toBeCloseTo(1 / (1 + RESTS_PER_WORK_MAX), 2);
    expect(longestRestMs).toBeLessThan(3);
  });
  test('a fill takes half of a core if the delay of the threads is not known', () => {
    expect(pace(() => undefined, 10_000).share).toBeCloseTo(0.5, 2);
  });
  test('a fill backs off within a tenth of a second, and goes on when the threads are idle', () => {
    const late = pace((atMs) => (atMs < 5000 ? 0 : 50), 10_000).share;
    // Half of the time at full speed, half of it at a fifth.
    expect(late).toBeGreaterThan(0.58);
    expect(late).toBeLessThan(0.62);
  });
  test('a wait for a reply counts as a rest', () => {
    let nowMs = 0;
    const pacer = new FillPacer({ nowMs: () => nowMs, delayMs: () => undefined });
    nowMs += 0.75;
    expect(pacer.restMs(0)).toBe(0);
    nowMs += 5;
    const startedAtMs = nowMs;
    nowMs += 0.75;
    expect(pacer.restMs(startedAtMs)).toBe(0);
  });
  test('a fill rests as long as an acknowledgement is later than the fastest one', () => {
    let nowMs = 0;
    const pacer = new FillPacer({ nowMs: () => nowMs, delayMs: () => 0 });
    const restAfter = (waitMs: number): number => {
      const startedAtMs = nowMs;
      nowMs += 0.25;
      const endedAtMs = nowMs;
      nowMs += waitMs;
      const restMs = pacer.restMs(startedAtMs, endedAtMs);
      nowMs += restMs;
      return restMs;
    };
    for (let round = 0; round < 100; round++) restAfter(0.5);
    expect(restAfter(0.5)).toBe(0);
    expect(restAfter(5)).toBeCloseTo(4.5);
    expect(restAfter(500)).toBe(50);
    expect(restAfter(0.5)).toBe(0);
  });
  test.each([
    [0, 0.05, 0],
    [0, 0.2, 0.25],
    [0.25, 0.2, 0.5],
    [3, 9, RESTS_PER_WORK_MAX],
    [4, 0.1, 2],
    [0.25, 0, 0],
    [4, undefined, 1],
  ])('the rests go from %d, with a delay of %s ms, to %d', (rests, delayMs, next) => {
    expect(nextRests(rests, delayMs)).toBe(next);
  });
});
