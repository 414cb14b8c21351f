import { expect, test } from 'vitest';
import { ageText, countText, shareText, usageText } from '../../../../src/cli/terminal/amounts.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [12_345, '12.3K'],
  [4_500_000, '4.5M'],
])('countText(%i) is %s', (count, text) => expect(countText(count)).toBe(text));

test.each([
  [0, 64 * 2 ** 20, '0/64 MiB'],
  [1.5 * 2 ** 20, 64 * 2 ** 20, '1.5/64 MiB'],
  [2 ** 29, 3 * 2 ** 30, '0.5/3 GiB'],
  [0, 0, '0/0 B'],
])('usageText(%i, %i) is %s', (used, limit, text) => expect(usageText(used, limit)).toBe(text));

test.each([
  [0, '0 s'],
  [59, '59 s'],
  [3599, '59 min'],
  [86_399, '23 h'],
  [200_000, '2 d'],
])('ageText(%i) is %s', (seconds, text) => expect(ageText(seconds)).toBe(text));

test('shareText shows a percentage, or a dash for a share of nothing', () => {
  expect([shareText(1, 3), shareText(0, 0)]).toEqual(['33.3 %', '–']);
});
