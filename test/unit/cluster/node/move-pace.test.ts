import { describe, expect, test } from 'vitest';
import { MovePace, secondsLeft } from '../../../../src/cluster/node/move-pace.ts';

const counts = (keysSent: number, keysLeft: number) => {
  return { keysSent, bytesSent: 100 * keysSent, keysLeft };
};

describe('the pace of moves', () => {
  test('the pace is that between the oldest sample and the newest one', () => {
    const pace = new MovePace();
    pace.sample(counts(0, 900), 0);
    pace.sample(counts(100, 800), 1000);
    expect(pace.sample(counts(300, 600), 2000)).toBe(true);
    expect(pace.now).toEqual({ bytesLeft: 60_000, keysPerSecond: 150, bytesPerSecond: 15_000 });
  });
  test('samples of more than ten seconds ago count no more', () => {
    const pace = new MovePace();
    pace.sample(counts(0, 1e6), 0);
    for (let second = 1; second <= 10; second++) pace.sample(counts(1000, 1e6), 1000 * second);
    expect(pace.now.keysPerSecond).toBe(0);
  });
  test('a change of the topology begins at 0 again', () => {
    const pace = new MovePace();
    pace.sample(counts(5000, 10), 0);
    pace.sample(counts(10, 90), 1000);
    pace.sample(counts(20, 80), 2000);
    expect(pace.now.keysPerSecond).toBe(10);
  });
  test('the end of a move is told once, and a member at rest tells nothing', () => {
    const pace = new MovePace();
    expect(pace.sample(counts(0, 0), 0)).toBe(false);
    pace.sample(counts(1, 1), 1000);
    expect([pace.sample(counts(2, 0), 2000), pace.now.bytesLeft]).toEqual([true, 0]);
    expect(pace.sample(counts(2, 0), 3000)).toBe(false);
  });
  test.each([
    [0, 0, 0],
    [10, 0, -1],
    [10, 4, 3],
  ])('%d keys at %d a second take %d seconds', (keys, rate, seconds) => {
    expect(secondsLeft(keys, rate)).toBe(seconds);
  });
});
