import { describe, expect, test } from 'vitest';
import { systemThread, ThreadDelays } from '../../../../src/cluster/thread/thread-delays.ts';

const isLinux = process.platform === 'linux';

describe('the delays of threads', () => {
  test('the mean is that of the thread that waits the longest, since the last call', () => {
    const waits = new Map([
      [1, { waitedMs: 100, runs: 10 }],
      [2, { waitedMs: 5, runs: 50 }],
    ]);
    const delays = new ThreadDelays([1, 2], (thread) => waits.get(thread));
    waits.set(1, { waitedMs: 101, runs: 20 });
    waits.set(2, { waitedMs: 8, runs: 60 });
    expect(delays.meanMs()).toBeCloseTo(0.3);
    expect(delays.meanMs()).toBe(0);
  });
  test('a thread that the system does not know has no delay', () => {
    expect(new ThreadDelays([0]).meanMs()).toBeUndefined();
    expect(new ThreadDelays([]).meanMs()).toBeUndefined();
  });
  test.skipIf(!isLinux)('the kernel counts the waits of this thread', () => {
    const delays = new ThreadDelays([systemThread()]);
    expect(systemThread()).toBeGreaterThan(0);
    expect(delays.meanMs()).toBeGreaterThanOrEqual(0);
  });
});
