/** How many large requests of one thread are on their way to other nodes at the same time. */
import { expect, test } from 'vitest';
import { LARGE_BYTES, LargeForwards } from '../../../../src/server/session/large-forwards.ts';

const MIB = 1024 * 1024;

test('large requests leave up to 32 MiB, and small ones at any time', () => {
  const large = new LargeForwards();
  for (let nth = 0; nth < 32; nth++) {
    expect(large.admits(MIB)).toBe(true);
    large.begin(MIB);
  }
  expect(large.admits(MIB)).toBe(false);
  expect(large.admits(LARGE_BYTES - 1)).toBe(true);
  large.begin(LARGE_BYTES - 1);
  large.end(LARGE_BYTES - 1);
  expect(large.admits(MIB)).toBe(false);
  large.end(MIB);
  expect(large.admits(MIB)).toBe(true);
});

test('a request of more than 32 MiB leaves alone', () => {
  const large = new LargeForwards();
  expect(large.admits(64 * MIB)).toBe(true);
  large.begin(64 * MIB);
  expect(large.admits(MIB)).toBe(false);
  large.end(64 * MIB);
  large.begin(MIB);
  expect(large.admits(64 * MIB)).toBe(false);
});

test('each end wakes all that wait, once, but not those that have left', () => {
  const large = new LargeForwards();
  const woken: string[] = [];
  const [first, second] = [() => void woken.push('first'), () => void woken.push('second')];
  large.begin(40 * MIB);
  for (const wake of [first, second]) large.wait(wake);
  large.wait(first);
  large.leave(second);
  large.end(40 * MIB);
  large.begin(MIB);
  large.end(MIB);
  expect(woken).toEqual(['first']);
});
