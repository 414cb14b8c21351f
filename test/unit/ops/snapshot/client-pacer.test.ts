import { describe, expect, test } from 'vitest';
import { ClientPacer } from '../../../../src/ops/snapshot/client-pacer.ts';

/** A second of work in pieces of 0.25 ms on a node whose clients send so many bytes each ms. */
function workASecond(bytesPerMs: number): { slept: number; longestWork: number } {
  let nowMs = 0;
  let slept = 0;
  let work = 0;
  let longestWork = 0;
  const pacer = new ClientPacer({
    bytesRead: () => nowMs * bytesPerMs,
    sleep: (ms) => {
      nowMs += ms;
      slept += ms;
      work = 0;
    },
    now: () => nowMs,
  });
  while (nowMs < 1000) {
    nowMs += 0.25;
    work += 0.25;
    // Before the first look it does not know that clients use the node.
    if (nowMs > 21) longestWork = Math.max(longestWork, work);
    pacer.pause();
  }
  return { slept, longestWork };
}

describe('the pacer beside clients', () => {
  test('work on an idle node has no rests, also with a few probes', () => {
    expect(workASecond(0).slept).toBe(0);
    expect(workASecond(1).slept).toBe(0);
  });
  test('work on a node that serves rests twice as long as it worked, in short pieces', () => {
    const { slept, longestWork } = workASecond(50);
    expect(slept).toBeGreaterThan(600);
    expect(slept).toBeLessThan(700);
    expect(longestWork).toBeLessThan(1.5);
  });
  test('a long wait for the other side does not lead to a long rest', () => {
    let nowMs = 0;
    const sleeps: number[] = [];
    const pacer = new ClientPacer({
      bytesRead: () => nowMs * 50,
      sleep: (ms) => void sleeps.push(ms),
      now: () => nowMs,
    });
    for (nowMs = 500; nowMs <= 2000; nowMs += 500) pacer.pause();
    expect(sleeps).toEqual([10, 10, 10, 10]);
  });
});
