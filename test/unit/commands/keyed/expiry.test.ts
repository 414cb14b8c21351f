import { expect, test } from 'vitest';
import { expiryOf } from '../../../../src/commands/keyed/expiry.ts';

const EPOCH = 1_700_000_000;
const NOW = 100;
const THIRTY_DAYS = 2_592_000;

test.each([
  ['0 is never', 0, 0],
  ['a negative number is at once', -1, 1],
  ['the smallest number is at once', -(2 ** 31), 1],
  ['a second from now', 1, NOW + 1],
  ['30 days from now', THIRTY_DAYS, NOW + THIRTY_DAYS],
  ['a Unix time that has passed long ago', THIRTY_DAYS + 1, 1],
  ['the Unix time of clock 1', EPOCH + 1, 1],
  ['the Unix time of clock 2', EPOCH + 2, 2],
  ['a Unix time to come', EPOCH + 5000, 5000],
])('%s: exptime %i is expiry %i', (_title, exptime, expiry) => {
  const clock = { now: () => NOW, epoch: () => EPOCH, isExpired: () => false };
  expect(expiryOf(exptime, clock)).toBe(expiry);
});
