import { expect, test } from 'vitest';
import { ttlOfMs } from '../../../../src/adapters/shared/ttl.ts';

test.each([
  [undefined, 0],
  [null, 0],
  [Number.POSITIVE_INFINITY, 0],
  [-5, 1],
  [0, 1],
  [1, 1],
  [1000, 1],
  [1001, 2],
  [1e15, 2 ** 31 - 1],
])('the time to live of %j ms is %i s', (ms, ttl) => {
  expect(ttlOfMs(ms)).toBe(ttl);
});
